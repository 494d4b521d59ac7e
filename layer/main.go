// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The layer command packs the layer's files into a zip that comes out bit for bit the same from the same files: fixed
// order, times and modes.
//
//	go run ./layer -out dist/otelcol-lambda-amd64.zip -supervisor FILE -collector FILE -third-party FILE
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/otelcol-lambda/otelcol-lambda/layer/internal/deflate"
)

// entry is one file of the layer. Lambda unpacks the zip to /opt and executes every file in /opt/extensions.
type entry struct {
	name string
	from string
	mode fs.FileMode
}

func main() {
	out := flag.String("out", "", "the zip to write")
	supervisor := flag.String("supervisor", "", "the supervisor's executable")
	collector := flag.String("collector", "", "the collector's executable")
	license := flag.String("license", "LICENSE", "the licence")
	thirdParty := flag.String("third-party", "", "the licences of what is linked: layer/licenses writes them")
	flag.Parse()
	entries := []entry{
		{"extensions/otelcol-lambda", *supervisor, 0o755},
		{"otelcol-lambda/LICENSE", *license, 0o644},
		{"otelcol-lambda/THIRD_PARTY_LICENSES", *thirdParty, 0o644},
		{"otelcol-lambda/collector", *collector, 0o755},
	}
	if err := writeLayer(*out, entries); err != nil {
		fmt.Fprintln(os.Stderr, "layer:", err)
		os.Exit(1)
	}
}

// writeLayer writes the zip and prints the sizes.
func writeLayer(path string, entries []entry) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := pack(f, entries); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Printf("%-40s %6.2f MB\n", path, float64(info.Size())/1e6)
	return nil
}

// pack writes the entries in their order.
func pack(w io.Writer, entries []entry) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return &deflater{out: w}, nil
	})
	for _, e := range entries {
		if err := packFile(z, e); err != nil {
			return err
		}
	}
	return z.Close()
}

func packFile(z *zip.Writer, e entry) error {
	f, err := os.Open(e.from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: earliest()}
	header.SetMode(e.mode)
	w, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// deflater compresses a file as a whole.
type deflater struct {
	bytes.Buffer
	out io.Writer
}

// Close writes the compressed file, if it becomes the same again when it is inflated: a layer that does not is one that
// no function starts with.
func (d *deflater) Close() error {
	compressed := deflate.Compress(d.Bytes())
	inflated, err := io.ReadAll(flate.NewReader(bytes.NewReader(compressed)))
	if err != nil {
		return fmt.Errorf("inflate what was compressed: %w", err)
	}
	if !bytes.Equal(inflated, d.Bytes()) {
		return errors.New("what was compressed is another file when it is inflated: a fault of layer/internal/deflate")
	}
	_, err = d.out.Write(compressed)
	return err
}

// earliest is the first time that a zip can hold: every file's, so that times do not show in the zip.
func earliest() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }
