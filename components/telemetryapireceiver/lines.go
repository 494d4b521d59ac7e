// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package telemetryapireceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func (s *stream) functionLine(e lambdaapi.TelemetryEvent, now time.Time, out *output) {
	if !s.cfg.logs(lambdaapi.TelemetryFunction) {
		return
	}
	var c traceContext
	known := true
	if s.current != nil {
		if c, known = s.joiner.known(s.current); known || s.holder.full {
			s.holder.release(out.records, c)
		}
	}
	hold := !known && !s.holder.full
	to := out.records
	if hold {
		to = s.holder.lines
	}
	lr, ok := s.convert(to, e, now, s.functionLevel)
	if !ok {
		return
	}
	if s.current != nil {
		putAbsent(lr.Attributes(), invocationIDKey, s.current.id)
		if s.current.tenantID != "" {
			putAbsent(lr.Attributes(), tenantIDKey, s.current.tenantID)
		}
	}
	switch {
	case hold:
		if s.holder.bytes += len(e.Record); s.holder.bytes > maxHeld {
			s.holder.full = true
			s.release(out)
		}
	case s.current != nil:
		setTrace(lr, c)
	case s.interleaved:
		s.joinByID(lr)
	}
}

// joinByID gives a line the trace of the invocation that it names itself.
func (s *stream) joinByID(lr plog.LogRecord) {
	id, ok := lr.Attributes().Get(invocationIDKey)
	if !ok {
		return
	}
	if theirs, ok := s.joiner.spans.of(id.Str()); ok {
		setTrace(lr, theirs.traceContext)
	} else if inv := s.open[id.Str()]; inv != nil {
		if c, ok := s.joiner.known(inv); ok {
			setTrace(lr, c)
		}
	}
}

func (s *stream) extensionLine(e lambdaapi.TelemetryEvent, now time.Time, out *output) {
	if !s.cfg.logs(lambdaapi.TelemetryExtension) || !s.cfg.Logs.Own && isOwn(e.Record) {
		return
	}
	if lr, ok := s.convert(out.records, e, now, s.extensionLevel); ok {
		putAbsent(lr.Attributes(), telemetryTypeKey, e.Type)
	}
}

// convert appends the record of a line, unless it is below the level.
func (s *stream) convert(to plog.LogRecordSlice, e lambdaapi.TelemetryEvent, now time.Time, lowest plog.SeverityNumber) (plog.LogRecord, bool) {
	if lowest == 0 {
		lr := to.AppendEmpty()
		setTimes(lr, e.Time, now)
		s.converter.line(lr, e)
		return lr, true
	}
	lr := plog.NewLogRecord()
	setTimes(lr, e.Time, now)
	s.converter.line(lr, e)
	if n := lr.SeverityNumber(); n != 0 && n < lowest {
		return lr, false
	}
	kept := to.AppendEmpty()
	lr.MoveTo(kept)
	return kept, true
}

// setTimes sets the time of the event; of one without a time, when it was observed.
func setTimes(lr plog.LogRecord, at, now time.Time) {
	observed := pcommon.NewTimestampFromTime(now)
	lr.SetObservedTimestamp(observed)
	if ts, ok := timestamp(at); ok {
		lr.SetTimestamp(ts)
	} else {
		lr.SetTimestamp(observed)
	}
}
