// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

// TelemetrySupport says how the emulator answers a Telemetry API subscription.
type TelemetrySupport string

const (
	// TelemetrySupported subscribes and delivers, as Lambda does. It is the default.
	TelemetrySupported TelemetrySupport = ""
	// TelemetryStub answers 202 Telemetry.NotSupported and delivers nothing, as the Runtime Interface Emulator and SAM do.
	TelemetryStub TelemetrySupport = "stub"
	// TelemetryMissing answers 404, as local clouds without the API do.
	TelemetryMissing TelemetrySupport = "missing"
)

// MountMode says how the layer gets to /opt.
type MountMode string

const (
	// MountSubstitute starts the extensions from the layer's directory: fast, needs no privileges, but a program that
	// opens a path under /opt does not find the layer. It is the default.
	MountSubstitute MountMode = ""
	// MountPrivate gives each process a private, read-only mount of the layer at /opt.
	MountPrivate MountMode = "private"
	// MountAuto is MountPrivate where this machine permits it, else MountSubstitute.
	MountAuto MountMode = "auto"
)

// FreezeMode says how processes are stopped between invocations.
type FreezeMode string

const (
	// FreezeAuto uses a cgroup where this process may create one, else signals. It is the default.
	FreezeAuto FreezeMode = ""
	// FreezeCgroup uses the freezer of a cgroup (v2, else v1): processes cannot notice it, as on Lambda.
	FreezeCgroup FreezeMode = "cgroup"
	// FreezeSignals stops every process of the environment with SIGSTOP.
	FreezeSignals FreezeMode = "sigstop"
)

// Log formats, as in the function's LoggingConfig.
const (
	LogText = "Text"
	LogJSON = "JSON"
)

// Config describes one function and the environment that it runs in.
type Config struct {
	// Layer is the directory of an unpacked layer, or a .zip of one; it appears at /opt (see Mount). Empty: no layer.
	Layer string
	// Function is the directory of the deployment package. It holds an executable "bootstrap", the contract of the
	// provided.al2023 runtime. Required.
	Function string

	Handler         string // default "bootstrap"
	FunctionName    string // default "my-function"
	FunctionVersion string // default "$LATEST"
	AccountID       string // default "123456789012"
	Region          string // default "us-east-1"
	MemoryMB        int    // reported and put in the environment, not enforced, but see CPU; default 128

	// Timeout is the function's: runtime and extensions together. Default 3 s.
	Timeout time.Duration
	// InitTimeout is the limit of the INIT phase. Default 10 s, as on Lambda.
	InitTimeout time.Duration
	// ShutdownTimeout is what runtime and extensions together have for SHUTDOWN. Default 2 s, as on Lambda.
	ShutdownTimeout time.Duration

	// Env holds the customer's variables, which function and extensions see. They override the platform's, except for
	// AWS_LAMBDA_RUNTIME_API. At most 4 KiB, as on Lambda.
	Env map[string]string
	// InitializationType is on-demand (the default), provisioned-concurrency or snap-start, which are reported, and do
	// not change what the emulator does; or lambda-managed-instances: see managed.go.
	InitializationType string
	// MaxConcurrency is how many invocations the runtime on a Managed Instance takes at the same time. Default 10.
	MaxConcurrency int
	// LogFormat is LogText (the default) or LogJSON (always on Managed Instances): whether a line that is a JSON object is
	// delivered as an object.
	LogFormat string
	// TraceHeader, if set, gives the X-Amzn-Trace-Id header of the n-th invocation (from 1); empty for none.
	TraceHeader func(n int) string

	// LoseRuntimeDone, if set, says whether Lambda fails to deliver the platform.runtimeDone of the n-th invocation
	// (from 1).
	LoseRuntimeDone func(n int) bool
	// DropRuntimeDone is LoseRuntimeDone as if the subscriptions were full: a platform.logsDropped comes in its place.
	DropRuntimeDone func(n int) bool

	Telemetry TelemetrySupport
	// TelemetryQueue is how many events a subscription holds, beside the batch that is on its way, before it drops the
	// newest and reports platform.logsDropped. Default: maxItems of the subscription, that is one batch, as on Managed
	// Instances (Runtime Interface Emulator, telemetry/internal/subscriber.go); for others no limit is documented.
	TelemetryQueue int

	// LoseCutRecords loses all but the first piece of records that are cut because they are larger than maxBytes.
	LoseCutRecords bool

	Mount  MountMode
	Freeze FreezeMode
	CPU    CPUMode

	// Output gets every line that a process of the environment writes, behind the name of the process. Nil: discarded.
	Output io.Writer
	// OnEvent is called with every timeline event, in order. It must be quick and must not call the Function.
	OnEvent func(TimelineEvent)
}

// onDemand is the initialization type of an environment that an invocation asked for.
const onDemand = "on-demand"

// maxEnvBytes is Lambda's limit for all customer variables together ("Lambda quotas" in the Developer Guide).
const maxEnvBytes = 4 << 10

func (c Config) withDefaults() Config {
	setDefault(&c.Handler, "bootstrap")
	setDefault(&c.FunctionName, "my-function")
	setDefault(&c.FunctionVersion, "$LATEST")
	setDefault(&c.AccountID, "123456789012")
	setDefault(&c.Region, "us-east-1")
	setDefault(&c.MemoryMB, 128)
	setDefault(&c.Timeout, 3*time.Second)
	setDefault(&c.InitTimeout, 10*time.Second)
	setDefault(&c.ShutdownTimeout, 2*time.Second)
	setDefault(&c.InitializationType, onDemand)
	if c.managed() {
		c.LogFormat = LogJSON
	}
	setDefault(&c.LogFormat, LogText)
	setDefault(&c.MaxConcurrency, 10)
	setDefault(&c.Output, io.Discard)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) validate() error {
	if c.Function == "" {
		return errors.New("function: set the directory that holds the bootstrap")
	}
	bootstrap := filepath.Join(c.Function, "bootstrap")
	if info, err := os.Stat(bootstrap); err != nil {
		return fmt.Errorf("function: %w", err)
	} else if info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("function: %q is not an executable file", bootstrap)
	}
	if c.LogFormat != LogText && c.LogFormat != LogJSON {
		return fmt.Errorf("log format %q: use %q or %q", c.LogFormat, LogText, LogJSON)
	}
	switch c.InitializationType {
	case onDemand, "provisioned-concurrency", "snap-start", lambdaapi.ManagedInstances:
	default:
		return fmt.Errorf("initialization type %q is not emulated", c.InitializationType)
	}
	if c.Timeout < 0 || c.InitTimeout < 0 || c.ShutdownTimeout < 0 || c.MemoryMB < 0 || c.TelemetryQueue < 0 || c.MaxConcurrency < 0 {
		return errors.New("timeouts, memory, concurrency and telemetry queue must not be negative")
	}
	size := 0
	for k, v := range c.Env {
		size += len(k) + len(v)
	}
	if size > maxEnvBytes {
		return fmt.Errorf("environment variables take %d bytes: Lambda permits %d", size, maxEnvBytes)
	}
	return nil
}

func (c Config) managed() bool { return c.InitializationType == lambdaapi.ManagedInstances }

// instanceMaxMemory is what platform.initStart says: MB, but bytes on Managed Instances.
func (c Config) instanceMaxMemory() int {
	if c.managed() {
		return c.MemoryMB << 20
	}
	return c.MemoryMB
}

func (c Config) invokedFunctionARN() string {
	return "arn:aws:lambda:" + c.Region + ":" + c.AccountID + ":function:" + c.FunctionName
}
