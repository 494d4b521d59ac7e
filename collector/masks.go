// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// masked is what the Collector itself shows of a value that it knows to be secret.
	masked = "[REDACTED]"
	// minMasked is the length from which a value is masked, in bytes. Shorter ones are numbers, booleans and the like,
	// and to mask them would garble what has nothing to do with them.
	minMasked = 4
)

// masks hides the values of secrets in what goes out: an error or a log line of a component may quote its
// configuration, such as the URL of an endpoint. Values are added by one goroutine at a time.
type masks struct {
	pairs    []string // what to replace, and by what, in turn
	replacer atomic.Pointer[strings.Replacer]
}

// add adds a value, and those of a list name=value,name=value.
func (m *masks) add(value string) {
	m.addOne(value)
	for entry := range strings.SplitSeq(value, ",") {
		if _, part, ok := strings.Cut(entry, "="); ok {
			m.addOne(strings.TrimSpace(part))
		}
	}
}

// addOne adds a value, also in the forms that it takes inside quotes and URLs.
func (m *masks) addOne(value string) {
	if len(value) < minMasked || slices.Contains(m.pairs, value) {
		return
	}
	for _, form := range []string{value, strings.Trim(strconv.Quote(value), `"`), url.QueryEscape(value), url.PathEscape(value)} {
		m.pairs = append(m.pairs, form, masked)
	}
	m.replacer.Store(strings.NewReplacer(m.pairs...))
}

func (m *masks) text(s string) string {
	if replacer := m.replacer.Load(); replacer != nil {
		return replacer.Replace(s)
	}
	return s
}

// error returns err, or its text if that had to be masked.
func (m *masks) error(err error) error {
	if err == nil || m.text(err.Error()) == err.Error() {
		return err
	}
	return errors.New(m.text(err.Error()))
}

// core masks what is logged to inner.
func (m *masks) core(inner zapcore.Core) zapcore.Core { return maskedCore{inner, m} }

type maskedCore struct {
	zapcore.Core
	masks *masks
}

func (c maskedCore) With(fields []zapcore.Field) zapcore.Core {
	return maskedCore{c.Core.With(c.masks.fields(fields)), c.masks}
}

func (c maskedCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

func (c maskedCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	entry.Message = c.masks.text(entry.Message)
	return c.Core.Write(entry, c.masks.fields(fields))
}

// fields returns fields with those replaced by their masked text that hold a secret in whatever form.
func (m *masks) fields(fields []zapcore.Field) []zapcore.Field {
	if m.replacer.Load() == nil {
		return fields
	}
	masked := make([]zapcore.Field, len(fields))
	for i, f := range fields {
		masked[i] = f
		encoded := zapcore.NewMapObjectEncoder()
		f.AddTo(encoded)
		text := fmt.Sprint(encoded.Fields[f.Key])
		if safe := m.text(text); safe != text {
			masked[i] = zap.String(f.Key, safe)
		}
	}
	return masked
}
