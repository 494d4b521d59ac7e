// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// module is a module of which at least one package is linked.
type module struct {
	path    string
	version string
	files   []file   // LICENSE, NOTICE and the like, of the module and of its linked packages
	ids     []string // SPDX identifiers, sorted: see identify
}

type file struct {
	name string // relative to the module, with slashes
	text string
}

// listed is what `go list -json` says of a package.
type listed struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version string }
	}
}

// legal matches the names of files that have to go with the software, foreign those of the same form that are something
// else: source, and the licence of documentation, which is not linked.
var (
	legal   = regexp.MustCompile(`(?i)^(un)?(licen[sc]e|copying|copyright|notice|patents)([-._].*)?$`)
	foreign = regexp.MustCompile(`(?i)\.(go|docs)$`)
)

// linked lists the modules of the main package in dir, sorted by path; the standard library is the module "stdlib", as
// vulnerability databases call it.
// The product's own modules, main or replaced by a folder, are not among them.
func linked(dir, tags, arch string) ([]*module, error) {
	list := exec.Command("go", "list", "-deps", "-tags", tags, "-json=Dir,Standard,Module", ".")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages of %q: %w", dir, err)
	}
	std, err := standardLibrary()
	if err != nil {
		return nil, err
	}
	modules := map[string]*module{std.path: std}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the packages of %q: %w", dir, err)
		}
		if p.Standard || p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "" {
			continue
		}
		m := modules[p.Module.Path]
		if m == nil {
			m = &module{path: p.Module.Path, version: p.Module.Version}
			modules[m.path] = m
		}
		if err := m.collect(p.Module.Dir, p.Dir); err != nil {
			return nil, err
		}
	}
	sorted := make([]*module, 0, len(modules))
	for _, m := range modules {
		slices.SortFunc(m.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
		sorted = append(sorted, m)
	}
	slices.SortFunc(sorted, func(a, b *module) int { return strings.Compare(a.path, b.path) })
	return sorted, nil
}

func standardLibrary() (*module, error) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("ask for GOROOT: %w", err)
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	std := &module{path: "stdlib", version: strings.TrimPrefix(version, "go")}
	return std, std.collect(root, root)
}

// collect adds the legal files of the folder and of those above it, up to the module's root: a package may hold code
// from elsewhere, under a licence of its own.
func (m *module) collect(root, dir string) error {
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("read %q (go mod download brings it): %w", dir, err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if e.IsDir() || !legal.MatchString(e.Name()) || foreign.MatchString(e.Name()) {
				continue
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(m.files, func(f file) bool { return f.name == name }) {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			m.files = append(m.files, file{filepath.ToSlash(name), normal(string(text))})
		}
		if dir == root {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// normal makes texts that differ only in white space at the ends of their lines equal.
func normal(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.Join(lines, "\n") + "\n"
}
