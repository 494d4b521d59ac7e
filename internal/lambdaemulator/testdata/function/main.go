// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Command function is a runtime that does what the payload of each invocation says.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type script struct {
	Log       []string `json:"log"`       // lines to write
	Frame     string   `json:"frame"`     // a message to write as a frame
	SleepMs   int      `json:"sleepMs"`   // before the response
	BurnMs    int      `json:"burnMs"`    // CPU time to use before the response
	ErrorType string   `json:"errorType"` // report an error of this type
	Exit      *int     `json:"exit"`      // end the process instead of responding
	Env       bool     `json:"env"`       // respond with the environment
	Headers   bool     `json:"headers"`   // respond with the headers of the invocation
}

func main() {
	if os.Getenv("INIT_EXIT") != "" {
		os.Exit(3)
	}
	if ms, err := strconv.Atoi(os.Getenv("INIT_BURN")); err == nil {
		burn(ms)
	}
	if counter := os.Getenv("COUNTER"); counter != "" {
		go count(counter)
	}
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	if os.Getenv("INIT_ERROR") != "" {
		post(base+"init/error", `{"errorType":"Function.NoDatabase","errorMessage":"no"}`, "Function.NoDatabase")
		os.Exit(1)
	}
	// As a runtime does on Managed Instances, one thread for each invocation that may run at the same time.
	threads, _ := strconv.Atoi(os.Getenv("AWS_LAMBDA_MAX_CONCURRENCY"))
	for range threads - 1 {
		go serve(base)
	}
	serve(base)
}

func serve(base string) {
	for {
		response, err := http.Get(base + "invocation/next")
		if err != nil {
			os.Exit(1)
		}
		payload, _ := io.ReadAll(response.Body)
		response.Body.Close()
		var s script
		_ = json.Unmarshal(payload, &s)
		for _, line := range s.Log {
			fmt.Println(line)
		}
		if s.Frame != "" {
			writeFrame(s.Frame)
		}
		time.Sleep(time.Duration(s.SleepMs) * time.Millisecond)
		burn(s.BurnMs)
		if s.Exit != nil {
			os.Exit(*s.Exit)
		}
		url := base + "invocation/" + response.Header.Get("Lambda-Runtime-Aws-Request-Id")
		switch {
		case s.ErrorType != "":
			post(url+"/error", `{"errorMessage":"scripted"}`, s.ErrorType)
		case s.Env:
			post(url+"/response", encode(os.Environ()), "")
		case s.Headers:
			post(url+"/response", encode(response.Header), "")
		default:
			post(url+"/response", string(payload), "")
		}
	}
}

// count writes a byte to a file every millisecond, for as long as it is let run.
func count(path string) {
	file, err := os.Create(path)
	if err != nil {
		os.Exit(1)
	}
	for {
		_, _ = file.Write([]byte{'.'})
		time.Sleep(time.Millisecond)
	}
}

// writeFrame logs as AWS's runtime clients do.
func writeFrame(message string) {
	if os.Getenv("_LAMBDA_TELEMETRY_LOG_FD") != "3" {
		os.Exit(1)
	}
	frame := binary.BigEndian.AppendUint32(nil, 0xa55a0003)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(message)))
	frame = binary.BigEndian.AppendUint64(frame, uint64(time.Now().UnixMicro()))
	_, _ = os.NewFile(3, "frames").Write(append(frame, message...))
}

// burn computes until this process has used so much CPU time more.
func burn(ms int) {
	for end := used() + time.Duration(ms)*time.Millisecond; used() < end; {
	}
}

func used() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func encode(v any) string {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(v)
	return b.String()
}

func post(url, body, errorType string) {
	request, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if errorType != "" {
		request.Header.Set("Lambda-Runtime-Function-Error-Type", errorType)
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		response.Body.Close()
	}
}
