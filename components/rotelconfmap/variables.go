// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prefix of all variables that Rotel reads.
const prefix = "ROTEL_"

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
		if value = strings.TrimSpace(value); value != "" && strings.HasPrefix(name, prefix) {
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

// choice returns one of the given words, the first one by default.
func (v *variables) choice(name string, words ...string) string {
	value := strings.ToLower(v.get(name))
	if value == "" {
		return words[0]
	}
	if !slices.Contains(words, value) {
		v.reject(name, "must be %s", strings.Join(words, " or "))
	}
	return value
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

// note adds a warning for the user.
func (v *variables) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}

// warnings returns the notes, and one more that names the variables that were not read.
func (v *variables) warnings() []string {
	var unread []string
	for name := range v.values {
		if !v.read[name] {
			unread = append(unread, strconv.Quote(name))
		}
	}
	if len(unread) == 0 {
		return v.notes
	}
	slices.Sort(unread)
	return append(v.notes, "these variables have no effect: "+strings.Join(unread, ", "))
}
