// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prefix of all variables that Rotel reads.
const prefix = "ROTEL_"

// harmless are the ends of names of variables that ask for what there is anyway, or need not be asked for: batches,
// retries and connections are the business of the layer's own buffer, which knows when the environment freezes.
var harmless = []string{
	"_BATCH_MAX_SIZE", "_BATCH_TIMEOUT", "ROTEL_DISABLE_BATCHING",
	"_RETRY_INITIAL_BACKOFF", "_RETRY_MAX_BACKOFF", "_RETRY_MAX_ELAPSED_TIME",
	"_POOL_IDLE_TIMEOUT", "_POOL_MAX_IDLE_PER_HOST",
	"ROTEL_OTLP_HTTP_HEADERS_TO_INCLUDE", "ROTEL_OTLP_GRPC_HEADERS_TO_INCLUDE",
	"ROTEL_TELEMETRY_ENDPOINT", "ROTEL_ENVIRONMENT", "ROTEL_ENV_FILE",
}

// withoutEffect are variables of Rotel that ask for what there is not here, and what there is instead.
var withoutEffect = map[string]string{
	"_NESTED_KV_MAX_DEPTH":            "an attribute that is a map is stored as JSON text, or as it is with ENABLE_JSON",
	"ROTEL_ENABLE_INTERNAL_TELEMETRY": "the metrics about the export itself are on, unless OTELCOL_LAMBDA_OWN_METRICS is false",
}

// own are the layer's own variables that are read here, too.
var own = []string{ownLevelVar, platformVar}

// variables are the ROTEL_ variables of an environment. They know which of them were read, and collect what is to be
// said of them.
type variables struct {
	values   map[string]string
	read     map[string]bool
	problems []problem
	notes    []string
}

// problem is what is wrong with the value of a variable. It ends in what to do about it.
type problem struct {
	name, text string
}

// newVariables takes an environment in the form of os.Environ.
func newVariables(environ []string) *variables {
	v := &variables{values: map[string]string{}, read: map[string]bool{}}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value = strings.TrimSpace(value); value != "" && (strings.HasPrefix(name, prefix) || slices.Contains(own, name)) {
			v.values[name] = value
		}
	}
	return v
}

// get returns the value of a variable, or "" if it is not set.
func (v *variables) get(name string) string {
	v.read[name] = true
	return v.values[name]
}

// choice returns one of the given words, the first one, which may be "", by default.
func (v *variables) choice(name string, words ...string) string {
	value := strings.ToLower(v.get(name))
	if value == "" {
		return words[0]
	}
	if !slices.Contains(words, value) {
		v.reject(name, "must be %s", strings.TrimPrefix(strings.Join(words, " or "), " or "))
	}
	return value
}

// words returns which of the given words a variable lists, with commas; "none" stands for an empty list.
func (v *variables) words(name, byDefault string, known ...string) []string {
	var words []string
	for word := range listed(strings.ToLower(cmp.Or(v.get(name), byDefault))) {
		switch {
		case word == "none" || slices.Contains(words, word):
		case slices.Contains(known, word):
			words = append(words, word)
		default:
			v.reject(name, "must be %s, several of them with commas, or none", strings.Join(known, ", "))
		}
	}
	return words
}

func (v *variables) bool(name string) bool {
	value := v.get(name)
	if value == "" {
		return false
	}
	parsed, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		v.reject(name, "must be true or false")
	}
	return parsed
}

// isFalse is for what is true by default.
func (v *variables) isFalse(name string) bool {
	return v.get(name) != "" && !v.bool(name)
}

// positive returns a number, 0 if it is not set.
func (v *variables) positive(name string) int {
	value := v.get(name)
	if value == "" {
		return 0
	}
	number, err := strconv.Atoi(value)
	if err != nil || number <= 0 || number > math.MaxInt32 {
		v.reject(name, "must be a positive number")
	}
	return number
}

func (v *variables) duration(name string, byDefault time.Duration) time.Duration {
	value := v.get(name)
	if value == "" {
		return byDefault
	}
	parsed, err := time.ParseDuration(strings.ReplaceAll(value, " ", ""))
	if err != nil || parsed <= 0 {
		v.reject(name, "must be a positive duration with its unit, for example 500ms or 5s")
	}
	return parsed
}

// reject notes that the value of a variable is wrong, once. The text must not hold the value, which may be a secret
// that got into the wrong variable.
func (v *variables) reject(name, format string, args ...any) {
	if !slices.ContainsFunc(v.problems, func(p problem) bool { return p.name == name }) {
		v.problems = append(v.problems, problem{name, fmt.Sprintf(format, args...)})
	}
}

// err returns all that is wrong in one line, or nil.
func (v *variables) err() error {
	if len(v.problems) == 0 {
		return nil
	}
	var texts []string
	for _, p := range v.problems {
		texts = append(texts, fmt.Sprintf("%q %s", p.name, p.text))
	}
	return errors.New("invalid environment: " + strings.Join(texts, "; "))
}

// note adds a warning for the user, once.
func (v *variables) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(v.notes, text) {
		v.notes = append(v.notes, text)
	}
}

// ignore takes the variables that begin with a prefix away.
func (v *variables) ignore(prefix string) {
	maps.DeleteFunc(v.values, func(name, _ string) bool { return strings.HasPrefix(name, prefix) })
}

// warnings returns the notes, one for each variable of which it is known why it was not read, and one more that names
// the others.
func (v *variables) warnings() []string {
	var unread []string
	for _, name := range slices.Sorted(maps.Keys(v.values)) {
		isSuffix := func(end string) bool { return strings.HasSuffix(name, end) }
		if v.read[name] || slices.ContainsFunc(harmless, isSuffix) {
			continue
		}
		known := false
		for end, instead := range withoutEffect {
			if isSuffix(end) {
				v.note("%q has no effect: %s", name, instead)
				known = true
			}
		}
		if !known {
			unread = append(unread, strconv.Quote(name))
		}
	}
	if len(unread) == 0 {
		return v.notes
	}
	return append(v.notes, "these variables have no effect: "+strings.Join(unread, ", "))
}

// settings are the variables of one exporter: all that begin with a prefix. The variable of a signal,
// {prefix}{SIGNAL}_{suffix}, comes before the one of all signals, {prefix}{suffix}.
type settings struct {
	vars   *variables
	prefix string
	signal string // "" for all signals
}

// isOwn says that the signal has a variable of its own.
func (s settings) isOwn(suffix string) bool {
	return s.signal != "" && s.vars.get(s.prefix+strings.ToUpper(s.signal)+"_"+suffix) != ""
}

// name returns the name of the variable that counts.
func (s settings) name(suffix string) string {
	if s.isOwn(suffix) {
		return s.prefix + strings.ToUpper(s.signal) + "_" + suffix
	}
	return s.prefix + suffix
}

func (s settings) get(suffix string) string { return s.vars.get(s.name(suffix)) }
