// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package flushpolicy

import "time"

const (
	// warmUp is how many invocations are held after a silence. The last invocation of a burst is the one whose data is
	// left behind, and nobody knows which one it will be; most bursts are short.
	warmUp = 19

	// silence is a pause after which what was known about the rate says nothing any more: most environments do not
	// survive it.
	silence = 5 * time.Minute

	// decay is the weight of the latest gap in the mean: it remembers the last 15 or so.
	decay = 0.07

	// stayShare is the part of the account that one invocation may be expected to spend on a longer stay.
	stayShare = 64

	// settleTime is how long the last telemetry of an invocation may take: what Lambda buffers, and the POST.
	settleTime = 30 * time.Millisecond
)

// adapt is the adaptive policy.
//
// The data of an invocation that is not held waits for the next one. Its expected age is the mean gap, which is
// worth the delay and the export where it is long; a rare long gap among short ones counts with its length, so the mean
// is the right measure. Otherwise data leaves beside the function when Interval is over.
//
// This costs what it must; see account for what it saves. Savings buy freshness: an invocation is held whose data would
// wait almost as long as that which is worth it, or else data leaves beside the function before Interval is over.
func (p *Policy) adapt(now time.Time) Decision {
	if p.gaps.count <= warmUp || p.gaps.mean >= p.cfg.SparseGap {
		p.account.earning = true
		return Decision{Stay: ToTheEnd}
	}
	due := p.due(now)
	if p.gaps.mean >= p.cfg.SparseGap*2/3 && p.account.affordsHold() {
		p.account.hold = true
		return Decision{Stay: ToTheEnd}
	}
	d := Decision{Beside: due}
	if age := p.age(now); due || age >= HeldFlush {
		affordable := p.account.affordsFlush(p.overrun.expected(settleTime), p.overrun.latencies.mean())
		// A moment of waiting where the last lines would wait for minutes otherwise costs next to nothing.
		if affordable || due && p.gaps.latest >= p.cfg.Interval && p.account.balance >= 0 {
			d.Beside, d.Settle = true, settleTime
			p.account.spend(due)
		}
	}
	// What a long invocation says leaves meanwhile, until it may end at any moment.
	// A fifth earlier than what has been seen allows: the shortest invocation is yet to come.
	if stay := p.overrun.latest(p.account.share(stayShare)) * 4 / 5; stay >= HeldFlush {
		d.Stay = stay
		p.account.spend(false)
	}
	return d
}

// gaps is what is known about the times between the begins of invocations, since the last silence.
type gaps struct {
	last   time.Time
	count  int // invocations
	latest time.Duration
	mean   time.Duration // rises from 0
}

// observe notes an invocation.
func (g *gaps) observe(now time.Time) {
	gap := now.Sub(g.last)
	if g.last.IsZero() || gap >= silence {
		*g = gaps{last: now, count: 1}
		return
	}
	g.mean += time.Duration(decay * float64(gap-g.mean))
	g.last, g.latest = now, gap
	g.count++
}

// restart makes the next invocations be held like those after a silence.
func (g *gaps) restart() { g.count = 0 }
