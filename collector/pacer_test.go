// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPacerNext(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	for name, test := range map[string]struct {
		live []uint64 // in MB
		want []int
	}{
		"small":        {[]uint64{0, 1, 2, 3}, []int{100, 100, 100, 100}},
		"calm":         {[]uint64{10, 10, 10}, []int{75, 75, 75}},
		"a jump":       {[]uint64{5, 10, 5, 6}, []int{75, 37, 75, 62}},
		"here to stay": {[]uint64{5, 40, 40, 40, 40}, []int{75, 25, 25, 25, 75}},
		"growing":      {[]uint64{10, 20, 30, 40, 50, 60}, []int{75, 37, 25, 25, 30, 37}},
		"huge":         {[]uint64{2, 10_000}, []int{100, 25}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPacer(nil)
			var got []int
			for _, live := range test.live {
				got = append(got, p.next(live*mb))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// TestPacerFollows: it hears of one collection after the other.
func TestPacerFollows(t *testing.T) {
	t.Parallel()
	paces := make(chan int, 1)
	newPacer(func(percent int) int {
		select {
		case paces <- percent:
		default:
		}
		return 0
	}).follow()
	for heard := 0; heard < 3; {
		runtime.GC() // one that is running already may have kept what tells of it
		select {
		case percent := <-paces:
			heard++
			require.Positive(t, percent)
			require.LessOrEqual(t, percent, maxPercent)
		default:
		}
	}
}
