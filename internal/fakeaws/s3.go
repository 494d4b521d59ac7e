// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package fakeaws

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
)

// getObject is GetObject of S3 in the path style, /bucket/key.
func (s *Server) getObject(w http.ResponseWriter, r *http.Request, region string) {
	id := strings.TrimPrefix(r.URL.Path, "/")
	failure := s.record(Request{Action: "GetObject", Region: region, IDs: []string{id}})
	text, ok := s.objects[id]
	switch {
	case failure != nil && failure.Hang:
		s.hang(r)
	case failure != nil:
		answerXML(w, failure.Status, failure.Code, failure.Message)
	case !ok:
		answerXML(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	default:
		w.Header().Set("Content-Type", "binary/octet-stream")
		// The checksum that clients of S3 give every object nowadays.
		sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text)))
		w.Header().Set("X-Amz-Checksum-Crc32", base64.StdEncoding.EncodeToString(sum))
		w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		_, _ = io.WriteString(w, text)
	}
}

func answerXML(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}
