// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// disableExtensions is the file whose presence in a layer makes Lambda start no extension
// (source: the Runtime Interface Emulator, extensions.go).
const disableExtensions = "disable-extensions-jwigqn8j"

// openLayer returns the absolute directory of the layer: layer itself, or, for a .zip and for no layer at all, a new
// directory inside temp.
func openLayer(layer, temp string) (string, error) {
	if layer != "" && !strings.HasSuffix(layer, ".zip") {
		info, err := os.Stat(layer)
		if err != nil {
			return "", fmt.Errorf("layer: %w", err)
		}
		if !info.IsDir() {
			return "", fmt.Errorf("layer %q is neither a directory nor a .zip", layer)
		}
		return filepath.Abs(layer)
	}
	dir := filepath.Join(temp, "opt")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("layer: %w", err)
	}
	if layer == "" {
		return dir, nil
	}
	if err := unzip(layer, dir); err != nil {
		return "", fmt.Errorf("unpack layer %q: %w", layer, err)
	}
	return dir, nil
}

// unzip unpacks an archive with its mode bits. os.Root keeps every name inside dir.
func unzip(archive, dir string) error {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }() // only read from
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, file := range reader.File {
		if err := unzipFile(root, file); err != nil {
			return fmt.Errorf("%q: %w", file.Name, err)
		}
	}
	return nil
}

func unzipFile(root *os.Root, file *zip.File) error {
	name := filepath.Clean(file.Name)
	if file.Mode().IsDir() {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // only read from
	if file.Mode()&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		return root.Symlink(string(target), name)
	}
	// A child forked while the file is open for writing holds it open until its own exec: ours would fail with ETXTBSY.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, file.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	// The mode given to OpenFile passes through the umask; the one in the archive is what Lambda shows.
	return errors.Join(err, out.Chmod(file.Mode().Perm()), out.Close())
}

// extensionNames lists the external extensions of a layer: every file in extensions/, in name order.
func extensionNames(layer string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(layer, disableExtensions)); err == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(layer, "extensions"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
