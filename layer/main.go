// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// The layer command packs the layer's files into a zip that comes out bit for bit the same from the same files: fixed
// order, times and modes. Its --help is its manual.
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

// Exit codes.
const (
	exitWritten = 0
	exitFailed  = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command: progress and errors go to stderr.
func run(args []string, stdout, stderr io.Writer) (exit int) {
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(stderr, "layer: %v\n", err)
		return code
	}
	flags, o := newFlags()
	err := o.parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return exitWritten
	}
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%w (see --help)", err))
	}
	size, err := writeLayer(o.out, []entry{
		{"extensions/otelcol-lambda", o.supervisor, 0o755},
		{"otelcol-lambda/LICENSE", o.license, 0o644},
		{"otelcol-lambda/THIRD_PARTY_LICENSES", o.thirdParty, 0o644},
		{"otelcol-lambda/collector", o.collector, 0o755},
	}, stderr)
	if err != nil {
		return fail(exitFailed, err)
	}
	_, _ = fmt.Fprintf(stdout, "%-40s %6.2f MB\n", o.out, mb(size))
	return exitWritten
}

// writeLayer writes the zip and returns its size in bytes. If it fails, there is none.
func writeLayer(path string, entries []entry, progress io.Writer) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(path)
		}
	}()
	if err := pack(f, entries, progress); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }

// pack writes the entries in their order.
func pack(w io.Writer, entries []entry, progress io.Writer) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return &deflater{out: w, progress: progress}, nil
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
	out      io.Writer
	progress io.Writer
}

// tellEvery is how long somebody who waits is left without a word.
const tellEvery = 5 * time.Second

// Close writes the compressed file, if it becomes the same again when it is inflated: a layer that does not is one that
// no function starts with.
func (d *deflater) Close() error {
	told := time.Now()
	compressed := deflate.Compress(d.Bytes(), func(done int) {
		if time.Since(told) >= tellEvery {
			told = time.Now()
			_, _ = fmt.Fprintf(d.progress, "layer: %.0f of %.0f MB are compressed\n", mb(int64(done)), mb(int64(d.Len())))
		}
	})
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
