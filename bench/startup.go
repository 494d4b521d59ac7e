// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// startUps measures the start of all subjects, one after the other, round after round.
func (b *bench) startUps(context.Context) (table, error) {
	subjects := append([]subject{b.ours, b.oursHTTP}, b.others...)
	t := table{
		About: fmt.Sprintf("From exec against an Extensions API that answers at once; all processes of the extension; %d rounds. "+
			"*register* adds to every cold start: Lambda starts the runtime only then. What comes after runs beside the runtime's own start. "+
			"The full layer runs the same configuration. The targets of times are from a machine on which the floor with net/http took %v ms of "+
			"CPU, and are scaled by what it takes here.", b.rounds(51), targetsFloor),
		Columns: names(subjects),
	}
	err := b.interleave(subjects, b.rounds(51), nil, func(name string, s startUp) {
		t.row("exec to register, ms", noTarget).add(name, ms(s.register))
		t.row("exec to ready, the first event asked for, ms", 14).add(name, ms(s.next))
		t.row("CPU until ready, ms", 14).add(name, ms(s.cpu))
		t.row("resident memory when ready, MB", 24).add(name, mb(s.resident))
		t.row("page faults until ready", 1700).add(name, float64(s.faults))
	})
	if err != nil {
		return table{}, err
	}
	b.pace = t.row("CPU until ready, ms", noTarget).Cells[httpFloor].median() / targetsFloor
	for _, row := range t.Rows {
		if strings.HasSuffix(row.What, ", ms") {
			row.Target *= b.pace
		}
	}
	t.Rows[0].Target = 1.5 * t.Rows[0].Cells[socketFloor].median()
	if full := t.row("CPU until ready, ms", noTarget).Cells[fullName]; full != nil {
		t.row("CPU until ready of the full layer, ms", 45*b.pace).Cells[b.ours.name] = full
	}
	return t, nil
}

// shareSizes are memory sizes of functions, in MB, and the targets there, in ms.
var shareSizes = []struct {
	name           string
	part           float64
	register, next float64
}{
	{"25 % of a CPU (442 MB)", 0.25, 6, 70},
	{"10 % of a CPU (177 MB)", 0.10, 40, 250},
	{"128 MB", 128. / megabytesPerCPU, noTarget, noTarget},
	{"512 MB", 512. / megabytesPerCPU, noTarget, noTarget},
	{"1,769 MB", 1, noTarget, noTarget},
}

// sharedStartUps measures the same with a part of a CPU: a start under the function's own share, as after a reset.
func (b *bench) sharedStartUps(context.Context) (table, error) {
	subjects := append([]subject{b.ours}, b.others...)
	t := table{
		About: fmt.Sprintf("The same under a CPU quota with a period of %s; %d rounds. Lambda gives the first INIT a whole CPU or more; "+
			"an INIT that is repeated inside an invocation has the function's share. The targets are scaled as above.", sharePeriod, b.rounds(15)),
		Columns: names(subjects),
	}
	for _, size := range shareSizes {
		s, err := newShare(size.part)
		if err != nil {
			t.About = "Not measured: " + err.Error() + "."
			return t, nil //nolint:nilerr // the table says it
		}
		err = b.interleave(subjects, b.rounds(15), s, func(name string, s startUp) {
			t.row(size.name+": exec to register, ms", size.register*b.pace).add(name, ms(s.register))
			t.row(size.name+": exec to ready, ms", size.next*b.pace).add(name, ms(s.next))
		})
		if err := errors.Join(err, s.close()); err != nil {
			return table{}, err
		}
	}
	return t, nil
}

// rewriteEvery is after how many rounds the executables are written anew.
const rewriteEvery = 4

// interleave starts each subject once a round.
func (b *bench) interleave(subjects []subject, rounds int, s *share, measured func(name string, s startUp)) error {
	for i := range rounds {
		b.round(i, rounds)
		for _, sub := range subjects {
			if i > 0 && i%rewriteEvery == 0 {
				if err := rewrite(sub.files); err != nil {
					return err
				}
			}
			time.Sleep(sharePeriod) // a new period: what the last one has used does not count
			result, err := start(sub, s)
			if err != nil {
				return err
			}
			measured(sub.name, result)
		}
	}
	return nil
}

func names(subjects []subject) []string {
	var list []string
	for _, s := range subjects {
		list = append(list, s.name)
	}
	return list
}
