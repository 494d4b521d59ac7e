// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package fakeaws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const notFound = "ResourceNotFoundException"

// Answers in the shapes of the services' models.
type (
	secretAnswer struct {
		ARN           string   `json:"ARN"`
		Name          string   `json:"Name"`
		VersionID     string   `json:"VersionId"`
		SecretString  *string  `json:"SecretString,omitempty"`
		SecretBinary  []byte   `json:"SecretBinary,omitempty"`
		VersionStages []string `json:"VersionStages"`
		CreatedDate   float64  `json:"CreatedDate"`
	}
	batchAnswer struct {
		SecretValues []secretAnswer
		Errors       []batchError
	}
	batchError struct {
		SecretID  string `json:"SecretId"`
		ErrorCode string `json:"ErrorCode"`
		Message   string `json:"Message"`
	}
	parametersAnswer struct {
		Parameters        []parameterAnswer
		InvalidParameters []string
	}
	parameterAnswer struct {
		ARN, Name, Type, Value, DataType string
		Selector                         string `json:",omitempty"`
		Version                          int
	}
)

func (s *Server) getSecretValue(body []byte) (Request, func() any, error) {
	var in struct {
		SecretID     string `json:"SecretId"`
		VersionID    string `json:"VersionId"`
		VersionStage string `json:"VersionStage"`
	}
	if err := decode(body, &in); err != nil || in.SecretID == "" {
		return Request{}, nil, fmt.Errorf("invalid request %s: %w", body, err)
	}
	return Request{IDs: []string{in.SecretID}}, func() any {
		answer, ok := s.secret(in.SecretID)
		if !ok {
			return &apiError{notFound, "Secrets Manager can't find the specified secret."}
		}
		return answer
	}, nil
}

func (s *Server) batchGetSecretValue(body []byte) (Request, func() any, error) {
	var in struct{ SecretIDList []string }
	if err := decode(body, &in); err != nil {
		return Request{}, nil, err
	}
	if err := checkList(in.SecretIDList, 20); err != nil {
		return Request{}, nil, err
	}
	return Request{IDs: in.SecretIDList}, func() any {
		out := &batchAnswer{}
		for _, id := range in.SecretIDList {
			if answer, ok := s.secret(id); ok {
				out.SecretValues = append(out.SecretValues, answer)
			} else {
				out.Errors = append(out.Errors, batchError{id, notFound, "Secrets Manager can't find the specified secret."})
			}
		}
		return out
	}, nil
}

func (a *batchAnswer) fail(codes map[string]string) {
	var values []secretAnswer
	for _, v := range a.SecretValues {
		if code := codes[v.ARN]; code != "" {
			a.Errors = append(a.Errors, batchError{v.ARN, code, "it failed"})
		} else {
			values = append(values, v)
		}
	}
	a.SecretValues = values
}

func (s *Server) getParameters(body []byte) (Request, func() any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := decode(body, &in); err != nil {
		return Request{}, nil, err
	}
	if err := checkList(in.Names, 10); err != nil {
		return Request{}, nil, err
	}
	return Request{IDs: in.Names}, func() any {
		out := parametersAnswer{InvalidParameters: []string{}}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, name := range in.Names {
			value, ok := s.parameters[name]
			if !ok {
				out.InvalidParameters = append(out.InvalidParameters, name)
				continue
			}
			if !in.WithDecryption {
				value = "encrypted"
			}
			arn, selector, hasSelector := cutSelector(name)
			answer := parameterAnswer{ARN: arn, Name: arn[strings.Index(arn, "parameter/")+len("parameter"):], Type: "SecureString", Value: value, DataType: "text", Version: 1}
			if hasSelector {
				answer.Selector = ":" + selector
			}
			out.Parameters = append(out.Parameters, answer)
		}
		return out
	}, nil
}

// secret finds a secret by its ARN, with or without the random suffix.
func (s *Server) secret(id string) (secretAnswer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for arn, value := range s.secrets {
		if id != arn && id != arn[:len(arn)-len("-AbCdEf")] {
			continue
		}
		a := secretAnswer{ARN: arn, Name: arn[strings.LastIndex(arn, ":")+1 : len(arn)-len("-AbCdEf")], VersionID: "v1", VersionStages: []string{"AWSCURRENT"}, CreatedDate: 1.7e9}
		switch v := value.(type) {
		case string:
			a.SecretString = &v
		case []byte:
			a.SecretBinary = v
		}
		return a, true
	}
	return secretAnswer{}, false
}

// cutSelector takes the version or label off the ARN of a parameter.
func cutSelector(name string) (arn, selector string, found bool) {
	i := strings.LastIndexByte(name, ':')
	if strings.HasPrefix(name[i+1:], "parameter/") {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// decode takes only what the model of a request has.
func decode(body []byte, in any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(in)
}

func checkList(ids []string, limit int) error {
	if len(ids) == 0 || len(ids) > limit {
		return fmt.Errorf("%d names, between 1 and %d are allowed", len(ids), limit)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] || id == "" || len(id) > 2048 {
			return fmt.Errorf("the name %q is repeated or of the wrong length", id)
		}
		seen[id] = true
	}
	return nil
}
