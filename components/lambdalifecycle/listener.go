// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdalifecycle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxTelemetryBody bounds what the handler reads of one POST. Lambda posts up to 2 × maxBytes and metadata (Lambda
// Developer Guide, "Accessing real-time telemetry data for extensions using the Telemetry API"), maxBytes being 1 MiB at
// most: this is twice that.
const maxTelemetryBody = 4 << 20

// listener is the handler of a Telemetry API subscription. It takes a POST to any path, as the Runtime Interface Emulator
// drops the path of the destination.
//
// The response to a POST is 200 whatever is in it, and is out before the batch is consumed: what that sets off may end in a
// freeze, and Lambda repeats a batch that it has no answer to. It would repeat one that was refused, too, without end, and
// everything behind it would wait. A batch that breaks off while it is read comes again, whole; so does one that comes when
// nothing is consumed any more.
type listener struct{ *intake }

// errTooLarge says that a body was read up to the limit only.
var errTooLarge = errors.New("body is larger than 4 MiB")

func (l listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "the Telemetry API posts", http.StatusMethodNotAllowed)
		return
	}
	b, err := l.read(func(b *batch) error { return b.readFrom(r) })
	if err != nil {
		l.reject(err)
		if !errors.Is(err, errTooLarge) {
			return
		}
	}
	taken := l.put(r.Context(), b, func() {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // that Lambda has hung up changes nothing
	})
	if !taken {
		http.Error(w, "the Collector ends", http.StatusServiceUnavailable) // Lambda sends it to the next one
	}
}

// readFrom reads a body. What it could read is there with the error.
func (b *batch) readFrom(r *http.Request) error {
	b.body.Reset()
	b.body.Grow(int(min(max(r.ContentLength, 0), maxTelemetryBody)) + bytes.MinRead)
	n, err := b.body.ReadFrom(io.LimitReader(r.Body, maxTelemetryBody+1))
	if n > maxTelemetryBody {
		err = errTooLarge
		b.body.Truncate(maxTelemetryBody)
	}
	if err != nil {
		return fmt.Errorf("read telemetry batch: %w", err)
	}
	return nil
}
