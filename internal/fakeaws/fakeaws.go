// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package fakeaws is an endpoint of AWS Secrets Manager, Systems Manager and S3 for tests. It refuses what the services
// would refuse: a wrong signature, a member that their models do not have, too many or repeated names.
package fakeaws

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// Credentials of the caller.
const (
	AccessKeyID     = "AKIDFAKE"
	SecretAccessKey = "fake/secret+key"
	SessionToken    = "fake-session-token"
)

// Config says what the endpoint holds.
type Config struct {
	// Secrets by ARN: a string, or bytes for a binary secret.
	Secrets map[string]any
	// Parameters by ARN, with ":version" or ":label" for one that is not the newest.
	Parameters map[string]string
	// Objects of S3 by bucket/key.
	Objects map[string]string
	// Fail may return an error for a request; nil: none.
	Fail func(Request) *Failure
}

// Request is a request that arrived, signed as it should be.
type Request struct {
	Action string // such as "GetSecretValue"
	Region string
	IDs    []string
}

// Failure is what goes wrong.
type Failure struct {
	Status        int
	Code, Message string
	Hang          bool // no answer at all
	// Each fails the named ids of a batch of secrets, by code, and not the request.
	Each map[string]string
}

// Server is a running endpoint.
type Server struct {
	URL string

	fail    func(Request) *Failure
	objects map[string]string
	server  *httptest.Server
	stopped chan struct{}

	mu         sync.Mutex
	secrets    map[string]any
	parameters map[string]string
	requests   []Request
	refused    []string
}

// Start starts an endpoint. Close ends it.
func Start(cfg Config) *Server {
	s := &Server{
		fail: cfg.Fail, secrets: maps.Clone(cfg.Secrets), parameters: maps.Clone(cfg.Parameters), objects: maps.Clone(cfg.Objects),
		stopped: make(chan struct{}),
	}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL
	return s
}

// Rotate gives a secret or a parameter that the configuration has another value.
func (s *Server) Rotate(arn, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.secrets[arn]; ok {
		s.secrets[arn] = value
		return
	}
	s.parameters[arn] = value
}

// Close ends it.
func (s *Server) Close() {
	close(s.stopped)
	s.server.Close()
}

// Requests returns the requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Refused returns why requests were refused that no AWS client should send.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, region, err := verify(r, time.Now())
	if err != nil {
		s.refuse(w, "InvalidSignatureException", err)
		return
	}
	if r.Method == http.MethodGet {
		s.getObject(w, r, region)
		return
	}
	service, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	handler, ok := map[string]func([]byte) (Request, func() any, error){
		"secretsmanager.GetSecretValue":      s.getSecretValue,
		"secretsmanager.BatchGetSecretValue": s.batchGetSecretValue,
		"AmazonSSM.GetParameters":            s.getParameters,
	}[service+"."+action]
	if !ok {
		s.refuse(w, "UnknownOperationException", fmt.Errorf("target %q", r.Header.Get("X-Amz-Target")))
		return
	}
	request, answer, err := handler(body)
	if err != nil {
		s.refuse(w, "ValidationException", err)
		return
	}
	request.Action, request.Region = action, region
	failure := s.record(request)
	switch {
	case failure == nil || failure.Each != nil:
		result := answer()
		if batch, ok := result.(*batchAnswer); ok && failure != nil {
			batch.fail(failure.Each)
		}
		s.answer(w, http.StatusOK, result)
	case failure.Hang:
		s.hang(r)
	default:
		s.answer(w, failure.Status, map[string]string{"__type": "com.amazonaws#" + failure.Code, "Message": failure.Message})
	}
}

// record remembers a request and returns what is to go wrong with it.
func (s *Server) record(request Request) *Failure {
	s.mu.Lock()
	s.requests = append(s.requests, request)
	s.mu.Unlock()
	if s.fail == nil {
		return nil
	}
	return s.fail(request)
}

func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stopped:
	}
}

func (s *Server) refuse(w http.ResponseWriter, code string, err error) {
	s.mu.Lock()
	s.refused = append(s.refused, err.Error())
	s.mu.Unlock()
	s.answer(w, http.StatusBadRequest, map[string]string{"__type": code, "message": err.Error()})
}

func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	if apiError, ok := body.(*apiError); ok {
		status = http.StatusBadRequest
		body = apiError
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// apiError is an error of the service about what was asked for.
type apiError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}
