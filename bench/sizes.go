// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// sizes measures the zips that are built.
func (b *bench) sizes(context.Context) (table, error) {
	t := table{About: "Of the layers that are built, packed.", Columns: []string{"zip, MB"}}
	for _, l := range []struct {
		name, path string
		target     float64
	}{
		{"default layer", b.zip, 9},
		{"full layer", b.fullZip, 34},
	} {
		for _, arch := range []string{"amd64", "arm64"} {
			path := strings.NewReplacer("amd64", arch, "arm64", arch).Replace(l.path)
			info, err := os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return table{}, err
			}
			t.row(fmt.Sprintf("%s, %s", l.name, arch), l.target).add(t.Columns[0], mb(info.Size()))
		}
	}
	return t, nil
}
