// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"strconv"
)

const (
	// memoryVar is the memory of the function in MB.
	memoryVar = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
	// processorsVar is how many threads of a Go program run at a time.
	processorsVar = "GOMAXPROCS"
	// megabytesPerCPU is the memory of a function that has one CPU to itself (Lambda Developer Guide, "Configure Lambda
	// function memory"). Managed Instances have fewer CPUs for their memory, never more.
	megabytesPerCPU = 1769
)

// processors returns the variable that makes the collector use as many threads at a time as its function has CPUs, as
// "GOMAXPROCS=n", or "" to leave that to Go. Go sees all CPUs of the machine, two at least, of which a function of less
// than 1,769 MB has a part of one in time: a second thread uses up that time sooner, by looking for work above all. One
// thread needs 9 % less CPU to start, 25 % less for log lines, 40 % less for an invocation with one line.
func processors(getenv func(string) string) string {
	memory, err := strconv.Atoi(getenv(memoryVar))
	if err != nil || memory <= 0 || getenv(processorsVar) != "" {
		return ""
	}
	cpus := (memory + megabytesPerCPU - 1) / megabytesPerCPU
	if cpus >= runtime.NumCPU() {
		return ""
	}
	return processorsVar + "=" + strconv.Itoa(cpus)
}
