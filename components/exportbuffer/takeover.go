// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package exportbuffer

import (
	"reflect"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var (
	optionalQueueType = reflect.TypeFor[configoptional.Optional[exporterhelper.QueueBatchConfig]]()
	queueType         = reflect.TypeFor[exporterhelper.QueueBatchConfig]()
	retryType         = reflect.TypeFor[configretry.BackOffConfig]()
	httpClientType    = reflect.TypeFor[confighttp.ClientConfig]()
	grpcClientType    = reflect.TypeFor[configgrpc.ClientConfig]()
)

// takeOver switches off the sending queue and the retries of an exporter, wherever its configuration holds them: its
// calls then return what the backend answered, when it has answered. It also gets hold of the connections of its HTTP
// clients.
//
// It changes cfg in place, and may be called again: the signals of an exporter share their configuration, and some
// exporters find their other signals by its address.
func takeOver(cfg component.Config) {
	visit(reflect.ValueOf(cfg), map[any]bool{}, takeOverSection)
}

// takeOverSection does it for one section, if that is all there is to do about it.
func takeOverSection(v reflect.Value) (done bool) {
	switch v.Type() {
	case optionalQueueType:
		v.SetZero() // the zero Optional is None
	case queueType:
		// A queue that cannot be absent: make it hand the answer of the backend back.
		queue := v.Addr().Interface().(*exporterhelper.QueueBatchConfig)
		queue.WaitForResult = true
		queue.StorageID = nil
		queue.Batch = configoptional.None[exporterhelper.BatchConfig]()
	case retryType:
		v.Addr().Interface().(*configretry.BackOffConfig).Enabled = false
	case httpClientType:
		exposeTransport(v.Addr().Interface().(*confighttp.ClientConfig))
	default:
		for i := range v.NumField() {
			if v.Field(i).Kind() != reflect.Struct {
				continue // before Type().Field, which allocates
			}
			if field := v.Type().Field(i); field.IsExported() && isQueue(field) {
				v.Field(i).FieldByName(enabledField).SetBool(false)
			}
		}
		return false
	}
	return true
}

// visit calls section for each struct that a configuration holds, from the outside in, and goes into those that it is not
// done with. seen are the pointers that it has followed.
func visit(v reflect.Value, seen map[any]bool, section func(reflect.Value) (done bool)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.Interface()] {
			seen[v.Interface()] = true
			visit(v.Elem(), seen, section)
		}
	case reflect.Struct:
		if !v.CanSet() || section(v) {
			return
		}
		for i := range v.NumField() {
			if field := v.Field(i); field.CanSet() { // it is exported
				visit(field, seen, section)
			}
		}
	}
}

// enabledField is how a section of a configuration that is its exporter's own is switched off.
const enabledField = "Enabled"

// isQueue tells a queue whose configuration is of a type of the exporter's own, such as the remote_write_queue of
// prometheusremotewrite, by the name of its key.
func isQueue(field reflect.StructField) bool {
	key, _, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
	if !strings.HasSuffix(key, "queue") {
		return false
	}
	enabled, ok := field.Type.FieldByName(enabledField)
	return ok && enabled.Type.Kind() == reflect.Bool
}

// hasClient reports whether an exporter keeps connections in one of the Collector's HTTP or gRPC clients.
func hasClient(cfg component.Config) bool {
	t := reflect.TypeOf(cfg)
	return t != nil && holds(t, map[reflect.Type]bool{})
}

func holds(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == httpClientType || t == grpcClientType {
		return true
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return false
	}
	seen[t] = true
	for field := range t.Fields() {
		if holds(field.Type, seen) {
			return true
		}
	}
	return false
}
