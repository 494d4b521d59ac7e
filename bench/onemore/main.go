// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The onemore command writes, for each component that a manifest has and a base manifest has not, the base with this
// one component more: what it costs is the difference between the layers. Its --help is its manual.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const usage = `onemore writes manifests with one component more, to measure what it costs.

    onemore BASE MANIFEST DIRECTORY

make bench-components runs it, builds a layer from each, and measures them:

    go run ./bench/onemore builder-config.yaml builder-config-full.yaml build/components

For each component that MANIFEST has and BASE has not, it writes DIRECTORY/NAME.yaml, which is BASE with this component,
and makes the directory if there is none.

EXIT CODE
  0  the manifests are written; none, if MANIFEST has nothing more
  1  a file cannot be read or written
  2  wrong usage
`

// Exit codes.
const (
	exitWritten = 0
	exitFailed  = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command.
func run(args []string, stdout, stderr io.Writer) (exit int) {
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(stderr, "onemore: %v\n", err)
		return code
	}
	flags := flag.NewFlagSet("onemore", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints errors and usage
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitWritten
	}
	if err == nil && flags.NArg() != 3 {
		err = errors.New("name two manifests and a directory")
	}
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	if err := write(flags.Arg(0), flags.Arg(1), flags.Arg(2)); err != nil {
		return fail(exitFailed, err)
	}
	return exitWritten
}

// write writes the manifests into a directory.
func write(base, manifest, dir string) error {
	has, err := os.ReadFile(base)
	if err != nil {
		return err
	}
	more, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range oneMore(string(has), string(more), dir) {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

var (
	section    = regexp.MustCompile(`^[a-z]+:$`)
	component  = regexp.MustCompile(`^  - gomod: (\S+) v\S+$`)
	outputPath = regexp.MustCompile(`(?m)^  output_path: .*$`)
)

// oneMore returns the manifests by the name of what they have more.
func oneMore(base, manifest, dir string) map[string]string {
	manifests := map[string]string{}
	has := strings.Split(base, "\n")
	in := ""
	for line := range strings.Lines(manifest) {
		line = strings.TrimRight(line, "\n")
		if section.MatchString(line) {
			in = line
		}
		match := component.FindStringSubmatch(line)
		if match == nil || slices.Contains(has, line) {
			continue
		}
		name := path.Base(match[1])
		text := outputPath.ReplaceAllLiteralString(base, fmt.Sprintf("  output_path: %s/%s", dir, name))
		if slices.Contains(has, in) {
			text = strings.Replace(text, in+"\n", in+"\n"+line+"\n", 1)
		} else {
			text += "\n" + in + "\n" + line + "\n"
		}
		manifests[name] = text
	}
	return manifests
}
