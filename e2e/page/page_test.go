// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

// Package page_test looks at the emulator's page as a person does: in a real browser. It is a module of its own so that
// nothing else depends on one.
package page_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const root = "../.." // of the repository

// makePage runs the demo, with a backend that is down for a while, and returns the page's file.
func makePage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	events := filepath.Join(dir, "events.jsonl")
	script := "{}\n" + `{"invoke":{},"times":3}` + "\n" + `{"idle":"500ms"}` + "\n" +
		`{"backend":"unavailable"}` + "\n{}\n" + `{"backend":"up"}` + "\n" + `{"invoke":{"fail":true}}` + "\n{}"
	if err := os.WriteFile(events, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	layers, err := filepath.Glob(filepath.Join(root, "dist", "otelcol-lambda-"+goArch(t)+".zip"))
	if err != nil || len(layers) != 1 {
		t.Fatalf("no layer in dist: run make layer first (%v)", err)
	}
	file := filepath.Join(dir, "page.html")
	command := exec.CommandContext(t.Context(), "go", "run", "./cmd/lambda-emulator", "--quiet",
		"--layer", strings.TrimPrefix(layers[0], root+"/"), "--function", "build/demo", "--events", events, "--report", file)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return file
}

func goArch(t *testing.T) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "env", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}

// browser is one tab of a headless browser, with what it complained about and what it asked for.
type browser struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []string
}

func open(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, cancelAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancelTime := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancelTime)
	b := &browser{ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.complaints = append(b.complaints, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			b.complaints = append(b.complaints, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			b.requests = append(b.requests, e.Request.URL)
		}
	})
	b.run(t, network.Enable(), log.Enable())
	return b
}

func (b *browser) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatalf("%v (a browser is needed: Debian's package chromium)", err)
	}
}

func TestPage(t *testing.T) {
	url := "file://" + makePage(t)
	t.Run("shows", func(t *testing.T) { testShows(t, url) })
	t.Run("fits", func(t *testing.T) { testFits(t, url) })
	t.Run("light", func(t *testing.T) {
		testScreenshot(t, url, "light", rgb(0xffffff), rgb(0x1a8f4c), rgb(0x2b7de0), rgb(0xd9a400))
	})
	t.Run("dark", func(t *testing.T) {
		testScreenshot(t, url, "dark", rgb(0x12161b), rgb(0x4ac07d), rgb(0x5ba1f5), rgb(0xe0b93a))
	})
}

func testShows(t *testing.T, url string) {
	b := open(t)
	var verdict, title string
	var bars, dots, spans, rows int
	b.run(t,
		emulation.SetDeviceMetricsOverride(1280, 900, 1, false),
		chromedp.Navigate(url),
		chromedp.Title(&title),
		chromedp.Text("#verdict", &verdict),
		chromedp.Evaluate(`document.querySelectorAll("svg rect.invocation, svg rect.failed").length`, &bars),
		chromedp.Evaluate(`document.querySelectorAll("svg circle.traces, svg circle.logs, svg circle.metrics, svg circle.bad").length`, &dots),
		chromedp.Evaluate(`[...document.querySelectorAll(".span .lane i")].filter(bar => bar.closest("details.trace").open && bar.getBoundingClientRect().width > 0).length`, &spans),
		chromedp.Evaluate(`[...document.querySelectorAll("#logs + div tr")].filter(row => row.getBoundingClientRect().height > 0).length`, &rows),
	)
	if title != "lambda-emulator: 7 invocations" || verdict != "Everything that was sent has arrived, once" {
		t.Errorf("title %q, verdict %q", title, verdict)
	}
	// An invocation has two bars, the fault one more; each invocation leads to requests.
	if bars != 15 || dots < 7 || spans < 5 || rows < 8 {
		t.Errorf("%d bars, %d dots, %d visible spans, %d visible rows of logs", bars, dots, spans, rows)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) > 0 {
		t.Errorf("the browser complains: %q", b.complaints)
	}
	if len(b.requests) != 1 || b.requests[0] != url {
		t.Errorf("the page must need nothing else, but asks for %q", b.requests)
	}
}

// The page must fit its window, wide or narrow; what is wider scrolls within.
func testFits(t *testing.T, url string) {
	b := open(t)
	for _, width := range []int64{1600, 1000, 480} {
		var wide int64
		b.run(t,
			emulation.SetDeviceMetricsOverride(width, 900, 1, false),
			chromedp.Navigate(url),
			chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide),
		)
		if wide > width {
			t.Errorf("in a window of %d pixels the page is %d wide", width, wide)
		}
	}
}

// Screenshots: what must be seen is there, in its colour.
func testScreenshot(t *testing.T, url, scheme string, background, verdict, bar, overrun color.RGBA) {
	b := open(t)
	var shot []byte
	places := map[string][]float64{}
	b.run(t,
		emulation.SetDeviceMetricsOverride(1280, 900, 1, false),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(url),
		// A point near the lower left corner of each: no text is there.
		chromedp.Evaluate(`Object.fromEntries(["#verdict", "svg rect.invocation", "svg rect.overrun"].map(what => {
			const box = document.querySelector(what).getBoundingClientRect();
			return [what, [box.left + scrollX + 6, box.bottom + scrollY - 2]];
		}))`, &places),
		chromedp.FullScreenshot(&shot, 100),
	)
	if err := os.MkdirAll(filepath.Join(root, "build"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "build", "page-"+scheme+".png"), shot, 0o600); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, picture, []float64{2, 2}, background, "background")
	expect(t, picture, places["#verdict"], verdict, "verdict")
	expect(t, picture, places["svg rect.invocation"], bar, "first invocation")
	expect(t, picture, places["svg rect.overrun"], overrun, "first overrun")
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

func expect(t *testing.T, picture image.Image, at []float64, want color.RGBA, what string) {
	t.Helper()
	if len(at) != 2 {
		t.Fatalf("%s is not on the page", what)
	}
	got := color.RGBAModel.Convert(picture.At(int(at[0]), int(at[1])))
	if got != want {
		t.Errorf("%s at %v is %v, not %v", what, at, got, want)
	}
}
