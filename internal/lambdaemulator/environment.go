// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// extensionEnv returns the variables that an extension sees. Lambda Developer Guide, "Using the Lambda Extensions
// API": an extension sees neither the log group and stream, nor the handler, the task root or anything that begins
// with an underscore. Nothing of the emulator's own environment is passed on.
func (f *Function) extensionEnv() map[string]string {
	env := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME":        f.cfg.FunctionName,
		"AWS_LAMBDA_FUNCTION_VERSION":     f.cfg.FunctionVersion,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.cfg.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  f.cfg.InitializationType,
		"AWS_LAMBDA_LOG_FORMAT":           f.cfg.LogFormat,
		"AWS_REGION":                      f.cfg.Region,
		"AWS_DEFAULT_REGION":              f.cfg.Region,
		"AWS_ACCESS_KEY_ID":               "ASIAEMULATOREMULATOR",
		"AWS_SECRET_ACCESS_KEY":           "emulator-secret-access-key",
		"AWS_SESSION_TOKEN":               "emulator-session-token",
		"TZ":                              ":UTC",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:" + f.mount.opt + "/bin",
		"LD_LIBRARY_PATH":                 "/lib64:/usr/lib64:/var/lang/lib:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:" + f.mount.opt + "/lib",
	}
	if f.cfg.LogFormat == LogJSON {
		env["AWS_LAMBDA_LOG_LEVEL"] = "INFO"
	}
	for name, value := range f.cfg.Env {
		if !strings.HasPrefix(name, "_") {
			env[name] = value
		}
	}
	env[runtimeAPIVariable] = f.address
	return env
}

// runtimeAPIVariable is in every process of an environment, and its value in no process of another: processes that
// were orphaned are found by it.
const runtimeAPIVariable = "AWS_LAMBDA_RUNTIME_API"

// functionEnv returns the variables that the runtime, and with it the function, sees.
func (f *Function) functionEnv() map[string]string {
	env := f.extensionEnv()
	maps.Copy(env, map[string]string{
		"AWS_LAMBDA_LOG_GROUP_NAME":  "/aws/lambda/" + f.cfg.FunctionName,
		"AWS_LAMBDA_LOG_STREAM_NAME": f.logStream,
		"AWS_XRAY_CONTEXT_MISSING":   "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":    "169.254.79.129:2000",
		"LAMBDA_RUNTIME_DIR":         "/var/runtime",
		"LAMBDA_TASK_ROOT":           f.mount.task,
		"_LAMBDA_TELEMETRY_LOG_FD":   telemetryLogFD,
		"_HANDLER":                   f.cfg.Handler,
	})
	if f.cfg.managed() {
		env["AWS_LAMBDA_MAX_CONCURRENCY"] = strconv.Itoa(f.cfg.MaxConcurrency)
	}
	maps.Copy(env, f.cfg.Env)
	env[runtimeAPIVariable] = f.address
	return env
}

// environ renders variables as os/exec takes them.
func environ(variables map[string]string) []string {
	list := make([]string, 0, len(variables))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		list = append(list, name+"="+variables[name])
	}
	return list
}
