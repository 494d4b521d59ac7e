// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zipFile is one entry of an archive.
type zipFile struct {
	name, content string
	mode          fs.FileMode
}

func writeZip(t *testing.T, files ...zipFile) string {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	for _, file := range files {
		header := &zip.FileHeader{Name: file.name, Method: zip.Store}
		header.SetMode(file.mode)
		w, err := archive.CreateHeader(header)
		require.NoError(t, err)
		_, err = w.Write([]byte(file.content))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	path := filepath.Join(t.TempDir(), "layer.zip")
	require.NoError(t, os.WriteFile(path, buffer.Bytes(), 0o600))
	return path
}

func TestZippedLayer(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile(filepath.Join(programs, "extension"))
	require.NoError(t, err)
	layer := writeZip(t,
		zipFile{"extensions/", "", fs.ModeDir | 0o755},
		zipFile{"extensions/zipped", string(program), 0o755},
		zipFile{"data/readme", "text", 0o640},
		zipFile{"data/link", "readme", fs.ModeSymlink | 0o777},
	)
	for _, mode := range []MountMode{MountSubstitute, MountAuto, MountPrivate} {
		t.Run("mount "+string(mode), func(t *testing.T) {
			t.Parallel()
			needMount(t, mode)
			e := start(t, nil, func(c *Config) { c.Layer, c.Mount = layer, mode })
			assert.Equal(t, StatusSuccess, e.invoke(`{}`).Status)
			assert.Len(t, e.lines("zipped", "INVOKE"), 1)
			info, err := os.Stat(filepath.Join(e.layer, "data/readme"))
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o640), info.Mode().Perm())
			text, err := os.ReadFile(filepath.Join(e.layer, "data/link"))
			require.NoError(t, err)
			assert.Equal(t, "text", string(text))
			temp := e.temp
			require.NoError(t, e.Close())
			assert.NoDirExists(t, temp)
		})
	}
}

func needMount(t *testing.T, mode MountMode) {
	t.Helper()
	if _, err := newMount(t.Context(), mode, t.TempDir(), t.TempDir()); err != nil {
		t.Skip(err)
	}
}

func TestPrivateMount(t *testing.T) {
	t.Parallel()
	needMount(t, MountPrivate)
	e := start(t, map[string]string{"x": `{"events":["INVOKE","SHUTDOWN"],"child":true,"environmentFile":true}`}, func(c *Config) {
		c.Mount, c.Freeze = MountPrivate, FreezeAuto
		// A symbolic link would lead out of the layer.
		program, err := os.ReadFile(filepath.Join(programs, "extension"))
		require.NoError(t, err)
		path := filepath.Join(c.Layer, "extensions", "x")
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.WriteFile(path, program, 0o755))
	})
	e.invoke(`{}`)
	require.Len(t, e.ExtensionProcesses(), 2)
	for _, p := range e.ExtensionProcesses() {
		exe, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(p.PID), "exe"))
		require.NoError(t, err)
		assert.Equal(t, "/opt/extensions/x", exe)
	}
	environment, err := os.ReadFile(filepath.Join(e.out, "x.env"))
	require.NoError(t, err)
	assert.NotContains(t, names(strings.Split(string(environment), "\n")), "PWD", "the wrapper leaves nothing behind")
	assert.NoFileExists(t, "/opt/extensions/x", "the host does not see the mount")
}

func TestUnzipStaysInside(t *testing.T) {
	t.Parallel()
	for _, file := range []zipFile{
		{"../outside", "x", 0o644},
		{"/absolute", "x", 0o644},
	} {
		dir := filepath.Join(t.TempDir(), "inside")
		require.NoError(t, os.Mkdir(dir, 0o755))
		assert.Error(t, unzip(writeZip(t, file), dir), file.name)
		assert.NoFileExists(t, filepath.Join(filepath.Dir(dir), "outside"))
	}
	dir := t.TempDir()
	err := unzip(writeZip(t, zipFile{"link", "..", fs.ModeSymlink | 0o777}, zipFile{"link/outside", "x", 0o644}), dir)
	assert.Error(t, err, "through a link")
}

func TestExtensionNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names, err := extensionNames(dir)
	require.NoError(t, err)
	assert.Empty(t, names)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "extensions", "directory"), 0o755))
	for _, name := range []string{"b", "a"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "extensions", name), nil, 0o755))
	}
	names, err = extensionNames(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, names)
	require.NoError(t, os.WriteFile(filepath.Join(dir, disableExtensions), nil, 0o600))
	names, err = extensionNames(dir)
	require.NoError(t, err)
	assert.Empty(t, names)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	function := t.TempDir()
	install(t, "function", filepath.Join(function, "bootstrap"))
	plain := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(plain, "bootstrap"), nil, 0o600))
	for want, cfg := range map[string]Config{
		"set the directory":      {},
		"no such file":           {Function: t.TempDir()},
		"not an executable file": {Function: plain},
		"log format":             {Function: function, LogFormat: "XML"},
		"initialization type":    {Function: function, InitializationType: "unheard-of"},
		"must not be negative":   {Function: function, Timeout: -1},
		"Lambda permits 4096":    {Function: function, Env: map[string]string{"A": strings.Repeat("a", 4096)}},
		"layer: stat":            {Function: function, Layer: "/no/such/layer"},
		"neither a directory":    {Function: function, Layer: filepath.Join(plain, "bootstrap")},
		"unpack layer":           {Function: function, Layer: "/no/such/layer.zip"},
	} {
		_, err := New(cfg)
		assert.ErrorContains(t, err, want)
	}
}
