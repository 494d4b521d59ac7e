// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Error says which secrets could not be had, and why.
type Error struct {
	problems  []string
	temporary bool
}

func (e *Error) Error() string { return "secret " + strings.Join(e.problems, "; secret ") }

// Temporary reports whether the same may succeed later: the service was out of reach, too busy or broken.
func (e *Error) Temporary() bool { return e.temporary }

// serviceError is what a service answered in place of a value.
type serviceError struct {
	status        int // of HTTP; 0: an error about one secret of a batch
	code, message string
}

// Codes that we act on.
const (
	codeNotFound     = "ResourceNotFoundException"
	codeNoParameter  = "ParameterNotFound"
	codeDenied       = "AccessDeniedException"
	codeDecryption   = "DecryptionFailure"
	codeInvalidKeyID = "InvalidKeyId"
)

func (e *serviceError) Error() string {
	if e.message == "" {
		return e.code
	}
	return e.code + ": " + strings.Join(strings.Fields(e.message), " ")
}

func (e *serviceError) throttled() bool {
	return e.status == 429 || strings.Contains(e.code, "Throttl") || strings.Contains(e.code, "TooManyRequests") ||
		e.code == "RequestLimitExceeded"
}

// badCredentials: the service does not know who asks.
func (e *serviceError) badCredentials() bool {
	switch e.code {
	case "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException", "MissingAuthenticationTokenException":
		return true
	}
	return false
}

// isTemporary reports whether the same request may succeed later.
func isTemporary(err error) bool {
	var service *serviceError
	if errors.As(err, &service) {
		return service.status >= 500 || service.throttled() || service.code == "InternalServiceError"
	}
	var unreachable *unreachableError
	return errors.As(err, &unreachable)
}

// unreachableError is the lack of an answer.
type unreachableError struct {
	host string
	err  error
}

func (e *unreachableError) Error() string {
	if errors.Is(e.err, context.DeadlineExceeded) {
		return fmt.Sprintf("timed out: no answer from %q within %s; a function in a VPC needs a route to it (VPC endpoint or NAT)", e.host, fetchTimeout)
	}
	return fmt.Sprintf("%q cannot be reached: %v", e.host, e.err)
}

func (e *unreachableError) Unwrap() error { return e.err }

// explain says what to do about an error of a service.
func explain(t target, err error) error {
	var e *serviceError
	if !errors.As(err, &e) {
		return err
	}
	read := map[string]string{secretsManager: "secretsmanager:GetSecretValue", ssm: "ssm:GetParameters"}[t.service]
	switch {
	case e.code == codeNotFound, e.code == codeNoParameter:
		return fmt.Errorf("not found: check name, region and account (%w)", err)
	case e.code == codeDecryption, e.code == codeInvalidKeyID, e.code == codeDenied && strings.Contains(strings.ToLower(e.message), "kms"):
		return fmt.Errorf("it cannot be decrypted: allow the function's role kms:Decrypt on its key (%w)", err)
	case e.code == codeDenied:
		return fmt.Errorf("denied: allow the function's role %s on it (%w)", read, err)
	case e.throttled():
		return fmt.Errorf("throttled for %s (%w)", fetchTimeout, err)
	case e.badCredentials():
		return fmt.Errorf("the function's credentials are not accepted (%w)", err)
	default:
		return err
	}
}
