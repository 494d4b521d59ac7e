// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaapi

import "strings"

// LogStream returns the id of the environment if it is the name of its log stream, as on Lambda:
// 2026/01/02/[$LATEST]2f399eb14537447da05ab2a2e39309de. Lambda does not document that; it returns "" for anything else.
func (i Init) LogStream() string {
	date, id, ok := strings.Cut(i.InstanceID, "]")
	if ok && len(id) == 32 && strings.Count(date, "/") >= 3 && strings.Contains(date, "[") {
		return i.InstanceID
	}
	return ""
}
