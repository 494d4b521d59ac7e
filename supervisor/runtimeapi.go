// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	extensionPath = "/2020-01-01/extension"
	telemetryPath = "/2022-07-01/telemetry"

	// dialTimeout bounds the connection to the Runtime API, which is on the same machine: it answers at once or is
	// gone.
	dialTimeout = 2 * time.Second
	// subscribeTimeout and failTimeout bound requests that Lambda answers at once.
	subscribeTimeout = 2 * time.Second
	failTimeout      = 2 * time.Second
	// maxBody bounds a response of the Runtime API; the longest, an INVOKE event, is below 4 KiB.
	maxBody = 1 << 20
)

// runtimeAPI is a client of the Extensions API and the Telemetry API: HTTP/1.1 over one connection, which is dialled
// again when it breaks. It never uses a proxy: HTTP_PROXY is the function's business. One request at a time.
type runtimeAPI struct {
	addr       string // AWS_LAMBDA_RUNTIME_API, host:port
	identifier string // Lambda-Extension-Identifier, once registered

	conn net.Conn
	r    *bufio.Reader
}

// response is what the client needs of an HTTP response.
type response struct {
	status     int
	identifier string
	body       []byte
}

// startRegister sends the register request without waiting for its answer.
func (a *runtimeAPI) startRegister(name, body string) error {
	err := a.send("POST", extensionPath+"/register", "Lambda-Extension-Name: "+name+"\r\nLambda-Extension-Accept-Feature: accountId\r\n", body)
	if err != nil {
		return fmt.Errorf("register extension %q: %w", name, err)
	}
	return nil
}

// finishRegister waits for the answer to startRegister and returns its body.
func (a *runtimeAPI) finishRegister() ([]byte, error) {
	resp, err := a.receive()
	if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	if resp.status != 200 || resp.identifier == "" {
		return nil, fmt.Errorf("register: Lambda answered %d %s", resp.status, oneLine(resp.body))
	}
	a.identifier = resp.identifier
	return resp.body, nil
}

// next asks for the next lifecycle event and waits for it without a bound: the environment may be frozen for hours
// in between.
func (a *runtimeAPI) next() ([]byte, error) {
	resp, err := a.do("GET", extensionPath+"/event/next", "", "", 0)
	if err != nil {
		return nil, fmt.Errorf("event/next: %w", err)
	}
	if resp.status != 200 {
		return nil, fmt.Errorf("event/next: Lambda answered %d %s", resp.status, oneLine(resp.body))
	}
	return resp.body, nil
}

// subscribe subscribes to the Telemetry API.
func (a *runtimeAPI) subscribe(body string) (response, error) {
	return a.do("PUT", telemetryPath, "", body, subscribeTimeout)
}

// fail fails INIT. The error type is one word; the body is the error as Lambda's API takes it.
func (a *runtimeAPI) fail(errorType, body string) error {
	resp, err := a.do("POST", extensionPath+"/init/error", "Lambda-Extension-Function-Error-Type: "+errorType+"\r\n", body, failTimeout)
	if err != nil {
		return fmt.Errorf("init/error: %w", err)
	}
	if resp.status != 202 {
		return fmt.Errorf("init/error: Lambda answered %d %s", resp.status, oneLine(resp.body))
	}
	return nil
}

// do sends a request, with headers of its own, and waits for its response, for at most timeout (0: without a bound). A connection that broke
// since the last request is replaced once.
func (a *runtimeAPI) do(method, path, header, body string, timeout time.Duration) (response, error) {
	header += "Lambda-Extension-Identifier: " + a.identifier + "\r\n"
	var resp response
	var err error
	for range 2 {
		if err = a.send(method, path, header, body); err != nil {
			a.close()
			continue
		}
		if timeout > 0 {
			_ = a.conn.SetReadDeadline(time.Now().Add(timeout))
		}
		resp, err = a.receive()
		if err == nil && a.conn != nil {
			err = a.conn.SetReadDeadline(time.Time{})
		}
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	return resp, err
}

func (a *runtimeAPI) send(method, path, header, body string) error {
	if a.conn == nil {
		conn, err := net.DialTimeout("tcp", a.addr, dialTimeout)
		if err != nil {
			return err
		}
		a.conn, a.r = conn, bufio.NewReader(conn)
	}
	if body != "" {
		header += "Content-Type: application/json\r\n"
	}
	_, err := io.WriteString(a.conn, method+" "+path+" HTTP/1.1\r\nHost: "+a.addr+"\r\n"+header+
		"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
	return err
}

func (a *runtimeAPI) receive() (response, error) {
	resp, keep, err := readResponse(a.r)
	if err != nil || !keep {
		a.close()
	}
	return resp, err
}

func (a *runtimeAPI) close() {
	if a.conn != nil {
		_ = a.conn.Close()
		a.conn, a.r = nil, nil
	}
}

// readResponse reads one HTTP/1.1 response. keep says that the connection can carry another request.
func readResponse(r *bufio.Reader) (resp response, keep bool, err error) {
	line, err := readLine(r)
	if err != nil {
		return response{}, false, err
	}
	proto, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	resp.status, err = strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(proto, "HTTP/1.") {
		return response{}, false, fmt.Errorf("not an HTTP response: %q", line)
	}
	length, chunked, keep := int64(-1), false, true
	for {
		line, err := readLine(r)
		if err != nil {
			return response{}, false, err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.ParseInt(value, 10, 64); err != nil || length < 0 || length > maxBody {
				return response{}, false, fmt.Errorf("response length %q", value)
			}
		case "transfer-encoding":
			chunked = strings.EqualFold(value, "chunked")
		case "connection":
			keep = !strings.EqualFold(value, "close")
		case "lambda-extension-identifier":
			resp.identifier = value
		}
	}
	switch {
	case chunked:
		resp.body, err = readChunks(r)
	case length >= 0:
		resp.body = make([]byte, length)
		_, err = io.ReadFull(r, resp.body)
	default: // the body ends with the connection
		keep = false
		resp.body, err = io.ReadAll(io.LimitReader(r, maxBody))
	}
	return resp, keep, err
}

func readChunks(r *bufio.Reader) ([]byte, error) {
	var body []byte
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 31)
		if err != nil || len(body)+int(size) > maxBody {
			return nil, fmt.Errorf("chunk size %q", line)
		}
		if size == 0 {
			for { // trailers, up to the empty line
				if line, err := readLine(r); err != nil || line == "" {
					return body, err
				}
			}
		}
		start := len(body)
		body = append(body, make([]byte, size)...)
		if _, err := io.ReadFull(r, body[start:]); err != nil {
			return nil, err
		}
		if line, err := readLine(r); err != nil || line != "" {
			return nil, errors.Join(errors.New("chunk without an end"), err)
		}
	}
}

// readLine reads a line of at most the reader's buffer (4 KiB) and returns it without its line break.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// oneLine makes a response body fit for a log line.
func oneLine(body []byte) string {
	const limit = 500
	if len(body) > limit {
		body = body[:limit]
	}
	return strings.Join(strings.Fields(string(body)), " ")
}
