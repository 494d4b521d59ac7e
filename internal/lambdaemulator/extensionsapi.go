// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// Headers of the Extensions API 2020-01-01.
const (
	headerName       = "Lambda-Extension-Name"
	headerIdentifier = "Lambda-Extension-Identifier"
	headerEventID    = "Lambda-Extension-Event-Identifier"
	headerFeatures   = "Lambda-Extension-Accept-Feature"
	headerErrorType  = "Lambda-Extension-Function-Error-Type"
)

// maxExtensions is how many extensions, external and internal, may register (Runtime Interface Emulator,
// core/registrations.go).
const maxExtensions = 10

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// refusal is the answer to a request that the Extensions API refuses: always 403.
type refusal struct{ kind, message string }

func (r *refusal) Error() string { return r.kind + ": " + r.message }

func refuse(kind, format string, args ...any) error {
	return &refusal{kind: kind, message: fmt.Sprintf(format, args...)}
}

func respondRefusal(w http.ResponseWriter, err error) {
	var r *refusal
	if errors.As(err, &r) {
		respondError(w, http.StatusForbidden, r.kind, r.message)
		return
	}
	respondError(w, http.StatusInternalServerError, errServer, err.Error())
}

// handleRegister serves POST /2020-01-01/extension/register.
func (f *Function) handleRegister(w http.ResponseWriter, r *http.Request) {
	s, ok := f.current(w)
	if !ok {
		return
	}
	name := r.Header.Get(headerName)
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	events, err := decodeRegister(name, body, f.cfg.managed())
	if err != nil {
		respondRefusal(w, err)
		return
	}
	var id string
	f.update(func() {
		var e *extension
		if e, err = s.register(name, events); err == nil {
			id = e.id
			f.journal.event(TimelineEvent{Kind: KindExtensionRegistered, Name: name})
		}
	})
	if err != nil {
		respondRefusal(w, err)
		return
	}
	answer := map[string]string{
		"functionName":    f.cfg.FunctionName,
		"functionVersion": f.cfg.FunctionVersion,
		"handler":         f.cfg.Handler,
	}
	for feature := range strings.SplitSeq(r.Header.Get(headerFeatures), ",") {
		if strings.TrimSpace(feature) == "accountId" {
			answer["accountId"] = f.cfg.AccountID
		}
	}
	w.Header().Set(headerIdentifier, id)
	respond(w, http.StatusOK, answer)
}

func decodeRegister(name string, body []byte, managed bool) (events []string, err error) {
	if name == "" {
		return nil, refuse("Extension.InvalidExtensionName", "%s header is missing", headerName)
	}
	var request struct {
		Events            []string        `json:"events"`
		ConfigurationKeys json.RawMessage `json:"configurationKeys"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, refuse(errInvalidRequest, "%v", err)
	}
	if request.ConfigurationKeys != nil {
		return nil, refuse(errInvalidRequest, "configurationKeys is not supported")
	}
	for _, event := range request.Events {
		if event != string(lambdaapi.Invoke) && event != string(lambdaapi.Shutdown) {
			return nil, refuse("Extension.InvalidEventType", "unknown event %q", event)
		}
		if managed && event == string(lambdaapi.Invoke) {
			return nil, refuse("Extension.InvalidEventType", "%s cannot be registered for on Managed Instances", event)
		}
	}
	return request.Events, nil
}

// register adds an extension. A name that is no file of /opt/extensions is that of an internal one.
func (s *sandbox) register(name string, events []string) (*extension, error) {
	if s.runtimeReady {
		return nil, refuse("Extension.RegistrationClosed", "the runtime is ready")
	}
	i := slices.IndexFunc(s.extensions, func(e *extension) bool { return e.name == name })
	switch {
	case i >= 0 && s.extensions[i].registered:
		return nil, refuse("Extension.InvalidExtensionState", "%q has registered already", name)
	case i < 0 && slices.Contains(events, string(lambdaapi.Shutdown)):
		return nil, refuse("Extension.InvalidEventType", "internal extension %q may not register SHUTDOWN", name)
	case i < 0 && len(s.extensions) >= maxExtensions:
		return nil, refuse("Extension.TooManyExtensions", "more than %d extensions", maxExtensions)
	case i < 0:
		i = len(s.extensions)
		s.extensions = append(s.extensions, &extension{name: name})
	}
	e := s.extensions[i]
	e.id, e.events, e.registered = newID(), events, true
	return e, nil
}

// identify finds the extension that calls; it answers if there is none.
func (f *Function) identify(w http.ResponseWriter, r *http.Request) (*extension, bool) {
	s, ok := f.current(w)
	if !ok {
		return nil, false
	}
	e, err := f.lookup(s, r.Header.Get(headerIdentifier))
	if err != nil {
		respondRefusal(w, err)
		return nil, false
	}
	return e, true
}

func (f *Function) lookup(s *sandbox, id string) (*extension, error) {
	if id == "" {
		return nil, refuse("Extension.MissingExtensionIdentifier", "%s header is missing", headerIdentifier)
	}
	if !uuidPattern.MatchString(id) {
		return nil, refuse("Extension.InvalidExtensionIdentifier", "%q is no identifier", id)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range s.extensions {
		if e.id == id {
			return e, nil
		}
	}
	return nil, refuse("Extension.UnknownExtensionIdentifier", "no extension has identifier %q", id)
}

// handleExtensionNext serves GET /2020-01-01/extension/event/next, which blocks until there is an event.
func (f *Function) handleExtensionNext(w http.ResponseWriter, r *http.Request) {
	e, ok := f.identify(w, r)
	if !ok {
		return
	}
	var poll int
	f.update(func() {
		kind := KindExtensionNext
		if !e.next {
			kind = KindExtensionReady
		}
		e.poll++
		poll = e.poll
		e.next, e.ready, e.readyAt = true, e.pending == nil, time.Now()
		f.journal.event(TimelineEvent{Time: e.readyAt, Kind: kind, Name: e.name})
	})
	var body []byte
	err := f.await(r.Context(), func() bool {
		if e.poll != poll {
			return true // a newer call has taken its place
		}
		body, e.pending = e.pending, nil
		return body != nil
	})
	if err != nil {
		f.update(func() {
			if e.poll == poll {
				e.ready = false // it went away, and works on something
			}
		})
		return
	}
	if body == nil {
		respondRefusal(w, refuse("Extension.InvalidExtensionState", "%q called event/next again", e.name))
		return
	}
	w.Header().Set(headerEventID, newID())
	respond(w, http.StatusOK, json.RawMessage(body))
}

// handleExtensionInitError serves POST /2020-01-01/extension/init/error.
func (f *Function) handleExtensionInitError(w http.ResponseWriter, r *http.Request) {
	f.handleExtensionError(w, r, extensionInitError, func(e *extension) error {
		if e.next {
			return refuse("Extension.InvalidExtensionState", "%q has called event/next already", e.name)
		}
		return nil
	})
}

// handleExtensionExitError serves POST /2020-01-01/extension/exit/error.
func (f *Function) handleExtensionExitError(w http.ResponseWriter, r *http.Request) {
	f.handleExtensionError(w, r, extensionExitError, func(*extension) error { return nil })
}

// handleExtensionError records that an extension gives up, if check permits.
func (f *Function) handleExtensionError(w http.ResponseWriter, r *http.Request, kind string, check func(*extension) error) {
	s, ok := f.current(w)
	if !ok {
		return
	}
	e, ok := f.identify(w, r)
	if !ok {
		return
	}
	reason := r.Header.Get(headerErrorType)
	if reason == "" {
		respondRefusal(w, refuse("Extension.MissingHeader", "%s header is missing", headerErrorType))
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	var err error
	f.update(func() {
		if err = check(e); err == nil {
			s.fail(kind, "extension %q: %s %s", e.name, reason, body)
		}
	})
	if err != nil {
		respondRefusal(w, err)
		return
	}
	respondAccepted(w)
}
