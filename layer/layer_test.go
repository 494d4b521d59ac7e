// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Budgets in bytes. Lambda unpacks the layer before every first start of an environment, and maps the supervisor into
// each of them.
const (
	maxZip        = 9_000_000
	maxSupervisor = 3_000_000
)

// TestLayer looks into the layers that are built: the host's at least, the other where it is there.
func TestLayer(t *testing.T) {
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			path := filepath.Join("..", "dist", "otelcol-lambda-"+arch+".zip")
			info, err := os.Stat(path)
			if arch != runtime.GOARCH && os.IsNotExist(err) {
				return
			}
			require.NoError(t, err, "run the tests with `make test`")
			assert.LessOrEqual(t, info.Size(), int64(maxZip))
			z, err := zip.OpenReader(path)
			require.NoError(t, err)
			defer func() { require.NoError(t, z.Close()) }()

			modes := map[string]fs.FileMode{}
			for _, f := range z.File {
				modes[f.Name] = f.Mode()
				if f.Mode() == 0o755 {
					assertStatic(t, f, machine)
				}
				switch f.Name {
				case "extensions/otelcol-lambda":
					assert.LessOrEqual(t, f.UncompressedSize64, uint64(maxSupervisor))
				case "otelcol-lambda/THIRD_PARTY_LICENSES":
					assert.Contains(t, string(content(t, f)), "\ngo.opentelemetry.io/collector/otelcol v")
				}
			}
			assert.Equal(t, map[string]fs.FileMode{
				"extensions/otelcol-lambda":           0o755,
				"otelcol-lambda/collector":            0o755,
				"otelcol-lambda/LICENSE":              0o644,
				"otelcol-lambda/THIRD_PARTY_LICENSES": 0o644,
			}, modes)
		})
	}
}

// assertStatic asserts that the file is an executable for the machine that needs no loader and no library.
func assertStatic(t *testing.T, f *zip.File, machine elf.Machine) {
	executable, err := elf.NewFile(bytes.NewReader(content(t, f)))
	require.NoError(t, err)
	assert.Equal(t, machine, executable.Machine, f.Name)
	for _, p := range executable.Progs {
		assert.NotEqual(t, elf.PT_INTERP, p.Type, "%s wants a loader", f.Name)
	}
}

func content(t *testing.T, f *zip.File) []byte {
	r, err := f.Open()
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return data
}

func TestPackIsReproducible(t *testing.T) {
	dir := t.TempDir()
	var entries []entry
	for name, mode := range map[string]fs.FileMode{"a": 0o755, "b": 0o644} {
		from := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(from, bytes.Repeat([]byte(name), 1000), 0o600))
		entries = append(entries, entry{"x/" + name, from, mode})
	}
	var first, second bytes.Buffer
	require.NoError(t, pack(&first, entries, io.Discard))
	require.NoError(t, os.Chtimes(entries[0].from, earliest(), earliest()))
	require.NoError(t, pack(&second, entries, io.Discard))
	assert.Equal(t, first.Bytes(), second.Bytes())
	z, err := zip.NewReader(bytes.NewReader(first.Bytes()), int64(first.Len()))
	require.NoError(t, err)
	for i, e := range entries {
		assert.Equal(t, e.name, z.File[i].Name)
		assert.Equal(t, e.mode, z.File[i].Mode())
	}
}

func TestMissingFile(t *testing.T) {
	err := pack(io.Discard, []entry{{"x", filepath.Join(t.TempDir(), "nowhere"), 0o644}}, io.Discard)
	require.ErrorIs(t, err, fs.ErrNotExist)
}
