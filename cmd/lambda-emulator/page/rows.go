// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaemulator"
	"github.com/otelcol-lambda/otelcol-lambda/internal/otlpbackend"
)

// call is an invocation in the table of them.
type call struct {
	Number, At, Duration, Overrun, Memory, Status string
	ColdStart, Failed                             bool
}

func (run Run) calls(clock clock) []call {
	var all []call
	for _, i := range run.Invocations {
		status := i.Status
		if i.ErrorType != "" {
			status += " " + i.ErrorType
		} else if i.FunctionError != "" {
			status += ", error " + i.FunctionError
		}
		all = append(all, call{
			Number: clock.invocation(i.RequestID), At: clock.at(i.Start),
			Duration: short(i.Duration()), Overrun: short(i.Overrun()), Memory: size(i.MaxMemory),
			Status: status, ColdStart: i.ColdStart, Failed: i.Status != lambdaemulator.StatusSuccess,
		})
	}
	return all
}

// logRow is a log record that arrived.
type logRow struct {
	At, Severity, Class, Source, Invocation, TraceID, Body string
	Attributes                                             []attribute
}

type attribute struct{ Key, Value string }

func logRows(logs []otlpbackend.LogRecord, clock clock) []logRow {
	var rows []logRow
	for _, l := range logs {
		row := logRow{
			At: clock.at(l.Time), Severity: l.Severity(), Class: severityClass(l.SeverityNumber),
			Source: Source(l), Invocation: clock.invocationOf(l.Attributes), TraceID: l.TraceID,
			Body: cmp.Or(l.Body, l.EventName), Attributes: sorted(l.Attributes),
		}
		if l.EventName != "" {
			row.Attributes = append([]attribute{{"event name", l.EventName}}, row.Attributes...)
		}
		rows = append(rows, row)
	}
	return rows
}

// severityClass is the CSS class of a severity.
func severityClass(n plog.SeverityNumber) string {
	switch {
	case n >= plog.SeverityNumberError:
		return "error"
	case n >= plog.SeverityNumberWarn:
		return "warn"
	default:
		return ""
	}
}

// Source says who made a log record: the function, an extension or the platform.
func Source(l otlpbackend.LogRecord) string {
	if strings.HasPrefix(l.EventName, "platform.") {
		return "platform"
	}
	kind, _ := l.Attributes["aws.lambda.telemetry.type"].(string)
	return cmp.Or(kind, "function")
}

func sorted(attributes map[string]any) []attribute {
	var all []attribute
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		all = append(all, attribute{key, fmt.Sprint(attributes[key])})
	}
	return all
}

// outputLine is a line that a process wrote.
type outputLine struct{ At, Process, Text string }

func (run Run) output(clock clock) []outputLine {
	var all []outputLine
	for _, l := range run.Lines {
		all = append(all, outputLine{clock.at(l.Time), l.Process, l.Text})
	}
	return all
}

// metric sums up the data points of one name.
type metric struct {
	Name, Unit, Type string
	Points           int
	Sum, Last        string
}

func (run Run) metrics() []metric {
	byName := map[string][]otlpbackend.DataPoint{}
	for _, p := range run.Points {
		byName[p.Name] = append(byName[p.Name], p)
	}
	var all []metric
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		points := byName[name]
		sum := 0.0
		for _, p := range points {
			sum += p.Value
		}
		last := points[len(points)-1]
		kind := strings.ToLower(last.Type.String())
		if t := last.Temporality.String(); t != "" && t != "Unspecified" {
			kind += ", " + strings.ToLower(t)
		}
		all = append(all, metric{
			Name: name, Unit: last.Unit, Type: kind, Points: len(points),
			Sum: fmt.Sprintf("%.6g", sum), Last: fmt.Sprintf("%.6g", last.Value),
		})
	}
	return all
}
