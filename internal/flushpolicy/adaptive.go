// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package flushpolicy

import "time"

const (
	// warmUp is how many invocations are held after a silence. The last invocation of a burst is the one whose data is
	// left behind, and nobody knows which one it will be; most bursts are short. More would make every new environment
	// pay for the few longer ones. While gaps are long it is slowWarmUp: what is left behind gets old.
	warmUp     = 16
	slowWarmUp = 20

	// silence is a pause after which what was known about the rate says nothing any more: most environments do not
	// survive it.
	silence = 5 * time.Minute

	// decay is the weight of the latest gap in the mean: it remembers the last 15 or so.
	decay = 0.07

	// startCredit is what freshness may cost after a silence, in billed time, and price by how much that grows, as a
	// share of the time that passes. They are small on purpose: in the simulator an environment that lives for two
	// hours spends less on freshness than it saves by a warm-up that is shorter by three invocations.
	startCredit = 32 * time.Millisecond
	price       = 5e-6

	// earlyShare and stayShare are the parts of the credit that one invocation may be expected to spend on flushing early,
	// and on a longer stay, which gains less.
	earlyShare = 4
	stayShare  = 64

	// settleTime is how long the last telemetry of an invocation may take: the 25 ms that Lambda buffers, and the POST.
	settleTime = 30 * time.Millisecond
)

// adapt is the adaptive policy.
//
// The data of an invocation that is not held waits for the next one. Its expected age is the mean gap, which is
// worth the 25 ms and the export where it is long; a rare long gap among short ones counts with its length, so the mean
// is the right measure.
//
// Otherwise data leaves beside the function, at the price of an export that outlasts it now and then. As long as there
// is credit for that, it leaves at once; else when the interval is over, whatever it costs.
func (p *Policy) adapt(now time.Time) Decision {
	if p.gaps.new(p.cfg.Interval/2) || p.gaps.mean >= p.cfg.SparseGap {
		return Decision{Stay: ToTheEnd}
	}
	var d Decision
	age := p.age(now)
	if early := age >= HeldFlush && p.overrun.expected(settleTime) <= p.credit/earlyShare; early || age >= p.cfg.Interval {
		d.Beside, p.spending = true, age < p.cfg.Interval
		if early {
			d.Settle = settleTime
		}
	}
	// What a long invocation says leaves meanwhile, until it may end at any moment.
	// A fifth earlier than what has been seen allows: the shortest invocation is yet to come.
	if stay := p.overrun.latest(p.credit/stayShare) * 4 / 5; stay >= HeldFlush {
		d.Stay, p.spending = stay, true
	}
	return d
}

// earn adds to the credit what the time since the last invocation is worth.
func (p *Policy) earn(now time.Time) {
	passed := now.Sub(p.invoked)
	if p.invoked.IsZero() || passed >= silence {
		p.credit = startCredit
	} else {
		p.credit = min(startCredit, p.credit+time.Duration(price*float64(passed)))
	}
}

// gaps is what is known about the times between the begins of invocations, since the last silence.
type gaps struct {
	last  time.Time
	count int           // invocations
	mean  time.Duration // rises from 0
}

// observe notes an invocation.
func (g *gaps) observe(now time.Time) {
	gap := now.Sub(g.last)
	if g.last.IsZero() || gap >= silence {
		*g = gaps{last: now, count: 1}
		return
	}
	g.mean += time.Duration(decay * float64(gap-g.mean))
	g.last = now
	g.count++
}

// new reports whether too little is known. Gaps from slow on are long.
func (g *gaps) new(slow time.Duration) bool {
	return g.count <= warmUp || (g.count < slowWarmUp && g.mean >= slow)
}

// restart makes the next invocations be held like those after a silence.
func (g *gaps) restart() { g.count = 0 }
