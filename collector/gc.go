// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import "runtime/debug"

// pauseGC keeps the garbage collector out of the start-up, whose heap stays small: a cycle costs 2 to 4 ms of the CPU
// that the function's own start needs. restore turns it on again.
func pauseGC() (restore func(memoryLimit int64)) {
	percent := debug.SetGCPercent(-1)
	return func(memoryLimit int64) {
		debug.SetMemoryLimit(memoryLimit)
		debug.SetGCPercent(percent)
		if percent > 0 { // GOGC is not "off"
			newPacer(percent, debug.SetGCPercent).follow()
		}
	}
}
