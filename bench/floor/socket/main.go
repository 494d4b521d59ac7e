// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The socket floor is the least that an extension in Go can do: it registers and asks for the first event, with HTTP
// written by hand on a connection.
package main

import (
	"bufio"
	"io"
	"log"
	"net"
	"os"
	"strings"
)

func main() {
	addr := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	const body = `{"events":["INVOKE","SHUTDOWN"]}`
	request := "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: " + addr +
		"\r\nLambda-Extension-Name: socket\r\nContent-Length: 32\r\n\r\n" + body
	if _, err := io.WriteString(conn, request); err != nil {
		log.Fatal(err)
	}
	id := ""
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			log.Fatal(err)
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Lambda-Extension-Identifier") {
			id = strings.TrimSpace(value)
		}
		if line == "\r\n" {
			break
		}
	}
	if _, err := io.WriteString(conn, "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: "+addr+
		"\r\nLambda-Extension-Identifier: "+id+"\r\n\r\n"); err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, conn) // there is no first event: the benchmark ends it
}
