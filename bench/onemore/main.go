// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The onemore command writes, for each component that a manifest has and a base manifest has not, the base with this
// one component more: what it costs is the difference between the layers.
//
//	go run ./bench/onemore builder-config.yaml builder-config-full.yaml build/components
package main

import (
	"fmt"
	"log"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: onemore BASE MANIFEST DIRECTORY")
	}
	base, errBase := os.ReadFile(os.Args[1])
	manifest, errManifest := os.ReadFile(os.Args[2])
	if errBase != nil || errManifest != nil {
		log.Fatal(errBase, errManifest)
	}
	if err := os.MkdirAll(os.Args[3], 0o755); err != nil {
		log.Fatal(err)
	}
	for name, text := range oneMore(string(base), string(manifest), os.Args[3]) {
		if err := os.WriteFile(filepath.Join(os.Args[3], name+".yaml"), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
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
