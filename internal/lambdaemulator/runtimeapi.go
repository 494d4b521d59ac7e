// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Headers of the Runtime API 2018-06-01.
const (
	headerRequestID    = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline     = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN  = "Lambda-Runtime-Invoked-Function-Arn"
	headerTraceID      = "Lambda-Runtime-Trace-Id"
	headerFunctionErr  = "Lambda-Runtime-Function-Error-Type"
	headerResponseMode = "Lambda-Runtime-Function-Response-Mode"
	// trailerErrorBody and, as a trailer, headerFunctionErr end a streamed response that fails midway.
	trailerErrorBody = "Lambda-Runtime-Function-Error-Body"
)

// maxStream is Lambda's limit for a streamed response, 200 MB.
const maxStream = 200 << 20

// invocation is the state of an invocation while it runs. Function.mu guards what the handlers set.
type invocation struct {
	requestID string
	payload   []byte
	trace     string        // X-Amzn-Trace-Id, empty for none
	timeout   time.Duration // of this invocation
	start     time.Time
	deadline  time.Time
	sandbox   *sandbox // that it runs in; set on Managed Instances

	taken     bool // by the runtime
	responded bool // first answer wins
	response  []byte
	errorType string // of an error that the function reported
	// firstByte and lastByte are when the response began and when it was complete.
	firstByte, lastByte time.Time
	// done: the runtime has asked for the next invocation, at doneAt.
	done   bool
	doneAt time.Time
}

// handleRuntimeNext serves GET /2018-06-01/runtime/invocation/next, which blocks until there is an invocation.
func (f *Function) handleRuntimeNext(w http.ResponseWriter, r *http.Request) {
	s, ok := f.current(w)
	if !ok {
		return
	}
	var early bool
	f.update(func() {
		for _, in := range s.invocations {
			if in.taken && !in.done && !f.cfg.managed() { // there, who asks may be another thread of the runtime
				early = !in.responded
				in.done, in.doneAt = in.responded, time.Now()
			}
		}
		if !s.runtimeReady {
			s.runtimeReady = true
			f.journal.event(TimelineEvent{Kind: KindRuntimeReady})
		}
	})
	if early {
		respondError(w, http.StatusForbidden, "InvalidStateTransition", "the invocation has no response yet")
		return
	}
	var in *invocation
	err := f.await(r.Context(), func() bool {
		if in = s.waiting(); in == nil {
			return false
		}
		in.taken = true
		return true
	})
	if err != nil {
		return
	}
	h := w.Header()
	h.Set(headerRequestID, in.requestID)
	h.Set(headerDeadline, strconv.FormatInt(in.deadline.UnixMilli(), 10))
	h.Set(headerFunctionARN, f.cfg.invokedFunctionARN())
	if in.trace != "" {
		h.Set(headerTraceID, in.trace)
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(in.payload) // a runtime that is gone is noticed by its exit
}

// handleResponse serves POST /2018-06-01/runtime/invocation/{id}/response, buffered or streamed.
func (f *Function) handleResponse(w http.ResponseWriter, r *http.Request) {
	firstByte := time.Now()
	limit := int64(maxBody)
	switch mode := r.Header.Get(headerResponseMode); mode {
	case "":
	case "streaming":
		limit = maxStream
	default:
		respondError(w, http.StatusBadRequest, "Runtime.InvalidResponseModeHeader", "response mode "+strconv.Quote(mode))
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	errorType := ""
	switch {
	case err != nil:
		errorType, body = "Runtime.TruncatedResponse", errorBody("Runtime.TruncatedResponse", err.Error())
	case int64(len(body)) > limit:
		errorType = "Function.ResponseSizeTooLarge"
		body = errorBody(errorType, "Response payload size exceeded maximum allowed payload size ("+strconv.FormatInt(limit, 10)+" bytes).")
	case r.Trailer.Get(headerFunctionErr) != "":
		errorType = r.Trailer.Get(headerFunctionErr)
		body = append(body, r.Trailer.Get(trailerErrorBody)...)
	}
	if !f.answer(w, r.PathValue("id"), body, errorType, firstByte) {
		return
	}
	if errorType == "Function.ResponseSizeTooLarge" {
		respondError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", errorType)
		return
	}
	respondAccepted(w)
}

// handleError serves POST /2018-06-01/runtime/invocation/{id}/error.
func (f *Function) handleError(w http.ResponseWriter, r *http.Request) {
	firstByte := time.Now()
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if f.answer(w, r.PathValue("id"), body, reportedErrorType(r, body), firstByte) {
		respondAccepted(w)
	}
}

// answer takes the response of an invocation. It answers the runtime, and returns false, if that is not waited for.
func (f *Function) answer(w http.ResponseWriter, id string, body []byte, errorType string, firstByte time.Time) bool {
	s, ok := f.current(w)
	if !ok {
		return false
	}
	var known, taken bool
	f.update(func() {
		in := s.inProgress(id)
		if known = in != nil; !known {
			return
		}
		if taken = !in.responded; taken {
			in.responded, in.response, in.errorType = true, body, errorType
			in.firstByte, in.lastByte = firstByte, time.Now()
			f.journal.event(TimelineEvent{Time: in.lastByte, Kind: KindResponse, RequestID: id, Detail: errorType})
		}
	})
	switch {
	case !known:
		respondError(w, http.StatusBadRequest, "InvalidRequestID", "no invocation "+strconv.Quote(id)+" is in progress")
	case !taken:
		respondError(w, http.StatusForbidden, "InvalidStateTransition", "the invocation has a response already")
	}
	return taken
}

// handleRuntimeInitError serves POST /2018-06-01/runtime/init/error.
func (f *Function) handleRuntimeInitError(w http.ResponseWriter, r *http.Request) {
	s, ok := f.current(w)
	if !ok {
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	f.update(func() { s.fail(reportedErrorType(r, body), "%s", body) })
	respondAccepted(w)
}

// reportedErrorType takes the type of an error from the header or, as older runtimes have it, the body.
func reportedErrorType(r *http.Request, body []byte) string {
	if kind := r.Header.Get(headerFunctionErr); kind != "" {
		return kind
	}
	var reported struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(body, &reported) == nil && reported.ErrorType != "" {
		return reported.ErrorType
	}
	return runtimeUnknown
}

// errorBody is the payload that a client gets for a function that failed.
func errorBody(kind, message string) []byte {
	body, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil {
		panic("lambdaemulator: encode error: " + err.Error()) // strings always encode
	}
	return body
}
