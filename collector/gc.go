// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"os"
	"runtime/debug"
)

// gogcVar is by how many percent the heap grows, if the user says it (documentation of package runtime).
const gogcVar = "GOGC"

// pauseGC keeps the garbage collector out of the start-up, whose heap stays small: a cycle costs 2 to 4 ms of the CPU
// that the function's own start needs. restore turns it on again, at a pace of ours where the user has not set one.
func pauseGC() (restore func(memoryLimit int64)) {
	percent := debug.SetGCPercent(-1)
	return func(memoryLimit int64) {
		debug.SetMemoryLimit(memoryLimit)
		debug.SetGCPercent(percent)
		if os.Getenv(gogcVar) == "" {
			newPacer(debug.SetGCPercent).follow()
		}
	}
}
