// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaemulator

import (
	"encoding/binary"
	"os"
)

// telemetryLogFD is the descriptor on which AWS's runtime clients log, so that a message of several lines, or one
// without an end of line, stays one record. Runtimes that do not know of it write lines to standard output.
const telemetryLogFD = "3"

// A frame is a header (type, length of the message, time in µs; big endian) and the message. The upper half of the type
// is frameMark, the lower one says the level and whether the message is text or JSON. Source: the runtime interface
// clients for Python, Node.js and Java.
const (
	frameHeader = 4 + 4 + 8
	frameMark   = 0xa55a
)

// newFramedOutput is newOutput for a process that writes frames.
func newFramedOutput(message func(text string)) (*output, *os.File, error) {
	o := &output{line: message}
	o.split = o.splitFrames
	w, err := o.start()
	return o, w, err
}

func (o *output) splitFrames(data []byte) {
	o.partial = append(o.partial, data...)
	for len(o.partial) >= frameHeader {
		end := frameHeader + uint64(binary.BigEndian.Uint32(o.partial[4:]))
		if binary.BigEndian.Uint16(o.partial) != frameMark {
			end = uint64(len(o.partial)) // not a frame, and nothing says where the next one begins: shown as it is
			o.line(string(o.partial))
		} else if end > uint64(len(o.partial)) {
			return
		} else if end > frameHeader {
			o.line(string(o.partial[frameHeader:end]))
		}
		o.partial = append(o.partial[:0], o.partial[end:]...)
	}
}
