// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package flushpolicy

import "time"

// account is the billed time that Adaptive has saved and not yet spent.
//
// It is earned where an invocation is held anyway, by opening the connection beside the function rather than after it:
// as measured. Spent is what an invocation is billed for more than without, also as measured. So freshness that the
// rules do not ask for is paid by what the environment has saved before, and by nothing else.
type account struct {
	balance time.Duration
	costs   ring // of holding an invocation to its end

	// Of the current invocation:
	invoked time.Time
	earning bool          // held anyway
	opened  time.Duration // what opening a connection took, with a request
	hold    bool          // held at the account's expense
	early   bool          // flushes at the account's expense
	free    bool          // but not the first flush

	bill bill
}

// bill is what the latest invocation owes that flushed at the account's expense. It is paid when its function's duration
// is known.
type bill struct {
	invoked    time.Time
	kept, free time.Duration // how long the environment was kept from the begin on, and would have been anyway
	duration   time.Duration // of the function; 0 while it is not known
	paid       time.Duration
}

func newAccount() account { return account{costs: newRing(8)} }

// begin begins an invocation.
func (a *account) begin(now time.Time) {
	*a = account{balance: a.balance, costs: a.costs, bill: a.bill, invoked: now}
}

// spend says that the invocation flushes at the account's expense; free says that its first flush would have come
// anyway, at the begin.
func (a *account) spend(free bool) { a.early, a.free = true, a.free || free }

// share is an n-th of what there is.
func (a *account) share(n time.Duration) time.Duration { return max(0, a.balance) / n }

// affordsFlush reports whether there is enough to flush early, which costs as much on average, and as much as late where
// it outlasts the function: the account should not end in debt.
func (a *account) affordsFlush(expected, late time.Duration) bool {
	return expected == 0 || a.balance >= expected+late
}

// affordsHold reports whether there is enough to hold an invocation to its end.
func (a *account) affordsHold() bool {
	return len(a.costs.seen) > 0 && a.balance >= a.costs.mean()
}

// flushed takes down a flush that ended at the given time after the begin of the invocation.
func (a *account) flushed(at, took time.Duration, expected *overrun) {
	if !a.early {
		return
	}
	if !a.bill.invoked.Equal(a.invoked) {
		if a.bill.duration == 0 { // it was never told
			a.balance -= expected.ifHeld(a.bill.kept) - expected.ifHeld(a.bill.free)
		}
		a.bill = bill{invoked: a.invoked}
		if a.free {
			a.bill.free = took
		}
	}
	a.bill.kept = at
	a.pay()
}

// done says how long the function took of the current invocation or the one before.
func (a *account) done(duration time.Duration) {
	if a.bill.duration == 0 {
		a.bill.duration = duration
		a.pay()
	}
}

// pay pays what is due for the time that an invocation was kept longer than its function took.
func (a *account) pay() {
	b := &a.bill
	if b.duration == 0 {
		return
	}
	due := max(0, b.kept-b.duration) - max(0, b.free-b.duration)
	a.balance -= due - b.paid
	b.paid = due
}

// released takes down what holding an invocation to its end has cost.
func (a *account) released(cost time.Duration) {
	a.costs.add(cost)
	switch {
	case a.hold:
		a.balance -= cost
	case a.earning && a.opened > 0:
		// Without a connection the export would have begun when the end was known.
		a.balance += TelemetryDelay + a.opened - cost
	}
	a.hold, a.opened, a.earning = false, 0, false
}
