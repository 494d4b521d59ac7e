// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// maxAnswer bounds an answer, in bytes: 20 secrets of 64 KiB, which JSON may make six times as long.
	maxAnswer = 8 << 20
	// firstPause is how long a request waits before it is sent again; the pause doubles each time.
	firstPause = 100 * time.Millisecond
)

// client sends requests to the services. It lives as long as one fetch.
type client struct {
	getenv      func(string) string
	http        *http.Client
	credentials func() (credentials, error)
}

func newClient(ctx context.Context, getenv func(string) string) *client {
	return &client{
		getenv: getenv,
		http: &http.Client{
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment},
			// A signed request goes where it was meant to go.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		credentials: sync.OnceValues(func() (credentials, error) { return findCredentials(ctx, getenv) }),
	}
}

// close leaves no connection behind: the environment may be frozen next.
func (c *client) close() { c.http.CloseIdleConnections() }

// call calls an action of a service, again and again while it fails in a way that may pass, until ctx is done.
func (c *client) call(ctx context.Context, t target, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for pause := firstPause; ; pause *= 2 {
		err := c.send(ctx, t, action, body, out)
		if err == nil || !isTemporary(err) {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return err
		}
	}
}

// send sends one request: the AWS JSON 1.1 protocol.
func (c *client) send(ctx context.Context, t target, action string, body []byte, out any) error {
	creds, err := c.credentials()
	if err != nil {
		return err
	}
	address, err := endpoint(c.getenv, t)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("invalid endpoint %q: %w", address, err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", actionPrefix(t.service)+action)
	creds.sign(req, body, t, time.Now())
	resp, err := c.http.Do(req)
	if err != nil {
		return &unreachableError{req.URL.Host, cmp.Or(context.Cause(ctx), withoutURL(err))}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &unreachableError{req.URL.Host, cmp.Or(context.Cause(ctx), err)}
	}
	if resp.StatusCode != http.StatusOK {
		return decodeError(resp, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		// Not with err: it may quote what a proxy, or whoever it was, answered.
		return fmt.Errorf("%q answers %s with something that is not an answer to it", req.URL.Host, action)
	}
	return nil
}

func actionPrefix(service string) string {
	if service == ssm {
		return "AmazonSSM."
	}
	return "secretsmanager."
}

// decodeError reads an error of the AWS JSON protocol. The code may be in a header or the body, with a namespace
// before it and a link after it.
func decodeError(resp *http.Response, answer []byte) error {
	var body struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // "Message", too: names match in any case
	}
	_ = json.Unmarshal(answer, &body) // an error without details is one, too
	for _, code := range []string{resp.Header.Get("X-Amzn-ErrorType"), body.Type, body.Code} {
		code, _, _ = strings.Cut(code, ":")
		if code = code[strings.LastIndexByte(code, '#')+1:]; code != "" {
			return &serviceError{status: resp.StatusCode, code: code, message: body.Message}
		}
	}
	return &serviceError{status: resp.StatusCode, code: resp.Status, message: body.Message}
}

// withoutURL takes the method and the URL off an error: the host is named where it is needed.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
