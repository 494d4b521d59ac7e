// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/json"
	"io"
	"net/http"
)

// maxBody bounds what an API reads: Lambda's limit for a response, 6 MiB plus 100 bytes.
const maxBody = 6<<20 + 100

// routes are the APIs that Lambda offers inside an execution environment, all on one address.
func (f *Function) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.handleRuntimeNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", f.handleResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", f.handleError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", f.handleRuntimeInitError)
	mux.HandleFunc("POST /2020-01-01/extension/register", f.handleRegister)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", f.handleExtensionNext)
	mux.HandleFunc("POST /2020-01-01/extension/init/error", f.handleExtensionInitError)
	mux.HandleFunc("POST /2020-01-01/extension/exit/error", f.handleExtensionExitError)
	mux.HandleFunc("PUT /2022-07-01/telemetry", f.handleTelemetry)
	return mux
}

// Error types that several APIs share.
const (
	errInvalidRequest = "InvalidRequestFormat"
	errServer         = "InternalServerError"
)

// current returns the sandbox that runs now. Without one, it answers: the caller is what a dead environment left.
func (f *Function) current(w http.ResponseWriter) (*sandbox, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sandbox == nil {
		respondError(w, http.StatusInternalServerError, errServer, "the environment is down")
		return nil, false
	}
	return f.sandbox, true
}

// readBody reads a request's body; it answers if that fails.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		respondError(w, http.StatusForbidden, errInvalidRequest, err.Error())
		return nil, false
	}
	return body, true
}

func respondError(w http.ResponseWriter, status int, kind, message string) {
	respond(w, status, map[string]string{"errorType": kind, "errorMessage": message})
}

func respondAccepted(w http.ResponseWriter) {
	respond(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}
