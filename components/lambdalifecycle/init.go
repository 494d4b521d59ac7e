// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"context"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// initSign is how long to wait for the first that Lambda tells of an INIT. A Collector that is started later gets to see
// none.
const initSign = 500 * time.Millisecond

// finishInit has what the function says in its INIT leave before the first freeze, in an environment that is started
// ahead of any invocation: that may come hours later. INIT is not lengthened by the wait, but by the flush; nobody
// waits for either.
func (l *lifecycle) finishInit(ctx context.Context) {
	sign, cancel := context.WithTimeout(ctx, initSign)
	defer cancel()
	if !l.initialized.wait(sign, lambdaapi.PlatformInitStart) {
		return
	}
	end, cancel := context.WithTimeout(ctx, lambdaapi.AheadPatience)
	defer cancel()
	l.initialized.wait(end, lambdaapi.PlatformInitRuntimeDone)
	l.flush(ctx)
}
