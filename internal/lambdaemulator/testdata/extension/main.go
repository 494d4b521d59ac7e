// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command extension does what the variable EXT_<its name> says. What Lambda sends to it is written to its standard
// output; telemetry is appended to $OUT/<its name>.telemetry, one POST a line.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

type script struct {
	Events          []string        `json:"events"`
	Silent          bool            `json:"silent"`       // never registers
	SilentOnce      bool            `json:"silentOnce"`   // never registers when it is started for the first time
	Subscribe       bool            `json:"subscribe"`    // to all telemetry
	Schema          string          `json:"schema"`       // of the subscription; default 2022-12-13
	Subscription    json.RawMessage `json:"subscription"` // sent as it is, before any other
	Refuse          int             `json:"refuse"`       // answer the first n POSTs with 503
	RefuseMs        int             `json:"refuseMs"`     // answer 503 to all POSTs for this long
	InitError       string          `json:"initError"`
	ExitAfterNext   bool            `json:"exitAfterNext"` // leaves at the first INVOKE
	InvokeMs        int             `json:"invokeMs"`      // works this long after each INVOKE
	HangOnShutdown  bool            `json:"hangOnShutdown"`
	Child           bool            `json:"child"`           // starts a process in a group of its own
	LateSubscribe   bool            `json:"lateSubscribe"`   // subscribes at the first INVOKE
	LateRegister    bool            `json:"lateRegister"`    // registers another name at the first INVOKE
	ShutdownMs      int             `json:"shutdownMs"`      // keeps its listener open this long at SHUTDOWN
	EnvironmentFile bool            `json:"environmentFile"` // writes its environment to $OUT/<name>.env
}

var (
	name = filepath.Base(os.Args[0])
	base = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API")
	id   string
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		time.Sleep(time.Hour)
	}
	var s script
	if err := json.Unmarshal([]byte(os.Getenv("EXT_"+name)), &s); err != nil {
		s = script{Events: []string{"INVOKE", "SHUTDOWN"}}
	}
	if s.EnvironmentFile {
		_ = os.WriteFile(out("env"), []byte(strings.Join(os.Environ(), "\n")), 0o600)
	}
	if s.SilentOnce {
		_, err := os.Stat(out("started"))
		s.Silent = err != nil
		_ = os.WriteFile(out("started"), nil, 0o600)
	}
	if s.Silent {
		time.Sleep(time.Hour)
	}
	if s.Child {
		child := exec.Command(os.Args[0], "child")
		child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("child", child.Process.Pid)
	}
	events, _ := json.Marshal(map[string]any{"events": s.Events})
	register := func(name string) {
		response, body := call(http.MethodPost, "/2020-01-01/extension/register", string(events),
			"Lambda-Extension-Name", name, "Lambda-Extension-Accept-Feature", "accountId")
		if id == "" {
			id = response.Header.Get("Lambda-Extension-Identifier")
		}
		fmt.Println("register", response.StatusCode, strings.TrimSpace(body))
	}
	register(name)
	if s.InitError != "" {
		response, _ := call(http.MethodPost, "/2020-01-01/extension/init/error", "", "Lambda-Extension-Function-Error-Type", s.InitError)
		fmt.Println("init/error", response.StatusCode)
		os.Exit(1)
	}
	subscribe := func(body string) {
		response, text := call(http.MethodPut, "/2022-07-01/telemetry", body)
		fmt.Println("subscribe", response.StatusCode, strings.TrimSpace(text))
	}
	if s.Subscription != nil {
		subscribe(string(s.Subscription))
	}
	full := ""
	if s.Subscribe || s.LateSubscribe {
		if s.Schema == "" {
			s.Schema = "2022-12-13"
		}
		full = fmt.Sprintf(`{"schemaVersion":"%s","types":["platform","function","extension"],
			"buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":25},
			"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:%d/"}}`, s.Schema, listen(s))
	}
	if s.Subscribe {
		subscribe(full)
	}
	for {
		_, body := call(http.MethodGet, "/2020-01-01/extension/event/next", "")
		var event struct {
			EventType      string `json:"eventType"`
			RequestID      string `json:"requestId"`
			ShutdownReason string `json:"shutdownReason"`
		}
		_ = json.Unmarshal([]byte(body), &event)
		switch event.EventType {
		case "INVOKE":
			fmt.Println("INVOKE", event.RequestID, strings.TrimSpace(body))
			if s.ExitAfterNext {
				os.Exit(0)
			}
			if s.LateSubscribe {
				subscribe(full)
			}
			if s.LateRegister {
				register("late")
			}
			time.Sleep(time.Duration(s.InvokeMs) * time.Millisecond)
		case "SHUTDOWN":
			fmt.Println("SHUTDOWN", event.ShutdownReason)
			if s.HangOnShutdown {
				time.Sleep(time.Hour)
			}
			time.Sleep(time.Duration(s.ShutdownMs) * time.Millisecond)
			os.Exit(0)
		default:
			fmt.Println("unexpected", body)
			os.Exit(1)
		}
	}
}

func out(kind string) string { return filepath.Join(os.Getenv("OUT"), name+"."+kind) }

// listen opens the telemetry listener and returns its port.
func listen(s script) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	file, err := os.OpenFile(out("telemetry"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	start := time.Now()
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			if s.Refuse > 0 || time.Since(start) < time.Duration(s.RefuseMs)*time.Millisecond {
				s.Refuse--
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = file.Write(append(body, '\n'))
		}))
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func call(method, path, body string, headers ...string) (*http.Response, string) {
	request, _ := http.NewRequest(method, base+path, bytes.NewReader([]byte(body)))
	request.Header.Set("Lambda-Extension-Identifier", id)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		os.Exit(1)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response, string(text)
}
