// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/xeipuuv/gojsonschema"
)

const (
	isc = "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, " +
		"provided that the above copyright notice and this permission notice appear in all copies.\n\n" +
		"THE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL " +
		"IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, " +
		"INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN " +
		"ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF " +
		"THIS SOFTWARE.\n"
	wtfpl = "DO WHAT THE FUCK YOU WANT TO PUBLIC LICENSE\nTERMS AND CONDITIONS FOR COPYING, DISTRIBUTION AND MODIFICATION\n\n" +
		"0. You just DO WHAT THE FUCK YOU WANT TO.\n"
)

// TestThisCommand reads the licences of this command itself: what it links is known, and its modules are there.
func TestThisCommand(t *testing.T) {
	dir := t.TempDir()
	notices, sbom := filepath.Join(dir, "notices"), filepath.Join(dir, "sbom")
	o := options{dir: ".", arch: runtime.GOARCH, product: product{"test", "1.2.3"}, notices: notices, sbom: sbom}
	if err := o.writeBoth(); err != nil {
		t.Fatal(err)
	}
	text := read(t, notices)
	for _, want := range []string{
		"stdlib " + strings.TrimPrefix(runtime.Version(), "go") + ": LICENSE\n",
		"github.com/google/licensecheck v0.3.1: LICENSE\n",
		"github.com/CycloneDX/cyclonedx-go v0.12.0: LICENSE\n",
		"github.com/CycloneDX/cyclonedx-go v0.12.0: NOTICE\n", // the Apache licence asks for it
		"Copyright (c) 2019 The Go Authors. All rights reserved.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the notices lack %q", want)
		}
	}
	if strings.Contains(text, "gojsonschema") {
		t.Error("the notices have a module that only tests use")
	}

	got := map[string][]string{}
	var bom struct {
		Components []struct {
			Purl     string
			Licenses []struct{ License struct{ ID string } }
		}
	}
	if err := json.Unmarshal([]byte(read(t, sbom)), &bom); err != nil {
		t.Fatal(err)
	}
	for _, c := range bom.Components {
		for _, l := range c.Licenses {
			got[c.Purl] = append(got[c.Purl], l.License.ID)
		}
	}
	if ids := got["pkg:golang/github.com/google/licensecheck@v0.3.1"]; len(ids) != 1 || ids[0] != "BSD-3-Clause" {
		t.Errorf("licences of licensecheck: %q", ids)
	}
	if ids := got["pkg:golang/github.com/CycloneDX/cyclonedx-go@v0.12.0"]; len(ids) != 1 || ids[0] != "Apache-2.0" {
		t.Errorf("licences of cyclonedx-go: %q", ids)
	}
}

// TestSBOMIsValid holds the document against CycloneDX's own schema.
func TestSBOMIsValid(t *testing.T) {
	var out bytes.Buffer
	m := &module{path: "github.com/x/y", version: "v2.0.0+incompatible", ids: []string{"MIT", "MPL-2.0"}}
	if err := writeSBOM(&out, product{"p", "1"}, []*module{m}); err != nil {
		t.Fatal(err)
	}
	if want := "pkg:golang/github.com/x/y@v2.0.0%2Bincompatible"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in %s", want, out.String())
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	schemas := filepath.Join(strings.TrimSpace(string(dir)), "schema")
	loader := gojsonschema.NewSchemaLoader()
	for id, text := range map[string]string{
		"spdx.schema.json":     read(t, filepath.Join(schemas, "spdx.schema.json")),
		"jsf-0.82.schema.json": `{"definitions": {"signature": false}}`, // we do not sign in the document
	} {
		if err := loader.AddSchema("http://cyclonedx.org/schema/"+id, gojsonschema.NewStringLoader(text)); err != nil {
			t.Fatal(err)
		}
	}
	compiled, err := loader.Compile(gojsonschema.NewStringLoader(read(t, filepath.Join(schemas, "bom-1.6.schema.json"))))
	if err != nil {
		t.Fatal(err)
	}
	result, err := compiled.Validate(gojsonschema.NewBytesLoader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range result.Errors() {
		t.Error(e)
	}
}

func TestIdentify(t *testing.T) {
	for name, test := range map[string]struct {
		files []file
		want  string // in the error; "" if there is none
	}{
		"allowed":           {[]file{{"LICENSE", isc}}, ""},
		"none":              {nil, "no licence"},
		"only a notice":     {[]file{{"NOTICE", "Made by x"}}, "no licence"},
		"not allowed":       {[]file{{"LICENSE", wtfpl}}, `licence "WTFPL" is not allowed`},
		"one of a package":  {[]file{{"LICENSE", isc}, {"internal/x/COPYING", wtfpl}}, `internal/x/COPYING: licence "WTFPL"`},
		"an unknown text":   {[]file{{"LICENSE", strings.Repeat("Do no harm. ", 50)}}, "only 0% of the text"},
		"terms in addition": {[]file{{"LICENSE", isc + strings.Repeat("Nobody may sell it. ", 50)}}, "of the text is a known licence"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &module{path: "example.com/m", version: "v1.0.0", files: test.files}
			err := identify([]*module{m})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "example.com/m@v1.0.0: ")):
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestCollectWalksUpToTheModule(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"m/LICENSE": "root", "m/a/b/COPYING.txt": "b \r\n", "m/a/LICENSE.docs": "docs", "m/a/license.go": "package a",
		"m/other/LICENSE": "not linked", "LICENSE": "outside",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := &module{}
	dir := filepath.Join(root, "m")
	for range 2 { // every package of a module collects; a file counts once
		if err := m.collect(dir, filepath.Join(dir, "a", "b")); err != nil {
			t.Fatal(err)
		}
	}
	want := []file{{"a/b/COPYING.txt", "b\n"}, {"LICENSE", "root\n"}}
	if len(m.files) != 2 || m.files[0] != want[0] || m.files[1] != want[1] {
		t.Errorf("%q, want %q", m.files, want)
	}
}

func TestEachTextOnce(t *testing.T) {
	var out bytes.Buffer
	err := writeNotices(&out, []*module{
		{path: "a", version: "v1", files: []file{{"LICENSE", "common\n"}}},
		{path: "b", version: "v2", files: []file{{"LICENSE", "common\n"}, {"NOTICE", "rare\n"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("=", 80)
	want := heading + "\n" + line + "\nb v2: NOTICE\n\nrare\n\n" + line + "\na v1: LICENSE\nb v2: LICENSE\n\ncommon\n"
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
