// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The net/http floor does what an extension for telemetry must, with Go's HTTP library and no Collector: it registers,
// listens for telemetry, subscribes to it, and asks for the first event.
package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API")
	registered := do("POST", api+"/2020-01-01/extension/register", "", `{"events":["INVOKE","SHUTDOWN"]}`)
	id := registered.Get("Lambda-Extension-Identifier")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		log.Fatal(http.Serve(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	}()
	do("PUT", api+"/2022-07-01/telemetry", id, `{"schemaVersion":"2022-12-13","types":["platform","function"],`+
		`"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:`+port(listener)+`/"}}`)
	do("GET", api+"/2020-01-01/extension/event/next", id, "") // there is none: the benchmark ends it
}

func do(method, url, id, body string) http.Header {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Lambda-Extension-Name", "nethttp")
	req.Header.Set("Lambda-Extension-Identifier", id)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.Header
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
