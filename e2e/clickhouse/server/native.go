// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// reframe turns the blocks of the format Native, as the library writes it, into those that a client of a protocol
// version expects: with the block's info before each, and a mark of its serialization before each column. Inserts have
// neither.
func reframe(blocks []byte, clientVersion string) ([]byte, error) {
	if clientVersion == "" {
		return blocks, nil
	}
	version, err := strconv.ParseUint(clientVersion, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("client_protocol_version: %w", err)
	}
	reader := chproto.NewReader(bytes.NewReader(blocks))
	var framed chproto.Buffer
	for {
		block := proto.NewBlock()
		switch err := block.Decode(reader, 0); {
		case errors.Is(err, io.EOF):
			return framed.Buf, nil
		case err != nil:
			return nil, fmt.Errorf("decode a block: %w", err)
		}
		if err := block.Encode(&framed, version); err != nil {
			return nil, fmt.Errorf("encode a block: %w", err)
		}
	}
}
