// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package clickhouse

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ingestionKey is the team's key, which goes without "Bearer".
const ingestionKey = "ingestion-hush"

// startGateway starts the Collector of gateway.yaml, which makes the tables of the test's database, and returns where it
// takes OTLP over HTTP. It ends with the test, or with the function that is returned.
func startGateway(t *testing.T, to *server, database string, asJSON bool) (endpoint string, stop func()) {
	t.Helper()
	address := freePort(t)
	gateway := exec.Command(filepath.Join(out, "gateway-collector"), "--config", "gateway.yaml")
	gateway.Env = append(os.Environ(),
		"INGESTION_KEY="+ingestionKey, "OTLP_HTTP_ENDPOINT="+address,
		"CLICKHOUSE_ENDPOINT="+to.url, "CLICKHOUSE_USER="+user, "CLICKHOUSE_PASSWORD="+password,
		"CLICKHOUSE_DATABASE="+database, "CLICKHOUSE_JSON="+strconv.FormatBool(asJSON))
	gateway.Stdout, gateway.Stderr = t.Output(), t.Output()
	require.NoError(t, gateway.Start())
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = gateway.Process.Signal(syscall.SIGTERM)
			_ = gateway.Wait()
		}
	}
	t.Cleanup(stop)
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, patience, 20*time.Millisecond, "the gateway does not start")
	return "http://" + address, stop
}

// makeTables makes a database with the exporter's own tables, as whoever runs ClickHouse has done before functions write
// to it themselves.
func makeTables(t *testing.T, in *server, asJSON bool) (database string) {
	t.Helper()
	database = databaseOf(t)
	_, stop := startGateway(t, in, database, asJSON)
	stop()
	tables := in.query(t, fmt.Sprintf("SELECT name FROM system.tables WHERE database = '%s'", database))
	require.Len(t, tables, 9, "tables")
	return database
}
