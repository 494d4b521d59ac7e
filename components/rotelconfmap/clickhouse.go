// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import "cmp"

const (
	// oldTablePrefixVar is a name that Rotel used to have.
	oldTablePrefixVar = prefix + "CLICKHOUSE_TABLE_PREFIX"
	defaultDatabase   = "otel"
	defaultTables     = "otel"
)

// clickhouseExporter returns the exporter that writes to ClickHouse itself, or nil if no endpoint is set. As with
// Rotel, the tables must exist.
func clickhouseExporter(s settings) *exporterConfig {
	to, ok := parseEndpoint(s.vars, s.name(endpointSuffix))
	if !ok {
		return nil
	}
	timeout := s.vars.duration(s.name("REQUEST_TIMEOUT"), defaultTimeout).String()
	asJSON := s.vars.bool(s.name("ENABLE_JSON"))
	// The exporter asks for the columns of the tables when it starts, and nothing is accepted meanwhile: by default it
	// waits 30 s for a connection, and 5 min for an answer.
	params := map[string]any{"dial_timeout": timeout, "read_timeout": timeout}
	if asJSON {
		// Else ClickHouse refuses all of an insert for one log line like {"a":{"b":1},"a.b":2}, again and again.
		params["type_json_skip_duplicated_paths"] = "1"
	}
	config := map[string]any{
		"endpoint": to.url,
		"database": resolvable(cmp.Or(s.get("DATABASE"), defaultDatabase)),
		// Not lz4, as with Rotel: ClickHouse refuses a user in plain text, and the exporter then reports that it cannot
		// decompress the answer, not what it says.
		"compress":          s.vars.choice(s.name("COMPRESSION"), "gzip", "lz4", "none"),
		"timeout":           timeout,
		"connection_params": params,
		"async_insert":      !s.vars.isFalse(s.name("ASYNC_INSERT")),
		"json":              asJSON,
		"create_schema":     false,
	}
	for key, suffix := range map[string]string{"username": "USER", "password": "PASSWORD"} {
		if value := s.get(suffix); value != "" {
			config[key] = resolvable(value)
		}
	}
	if tables := cmp.Or(s.get("TABLE_PREFIX"), s.vars.get(oldTablePrefixVar), defaultTables); tables != defaultTables {
		config["logs_table_name"] = resolvable(tables + "_logs")
		config["traces_table_name"] = resolvable(tables + "_traces")
		metrics := map[string]any{}
		for _, kind := range []string{"gauge", "sum", "summary", "histogram", "exponential_histogram"} {
			metrics[kind] = map[string]any{"name": resolvable(tables + "_metrics_" + kind)}
		}
		config["metrics_tables"] = metrics
	}
	return &exporterConfig{componentType: kindClickHouse, config: config}
}
