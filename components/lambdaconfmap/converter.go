// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaconfmap

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// Types of the components that every configuration gets.
const (
	lifecycleType = "lambda_lifecycle"
	resourceType  = "lambda_resource"
)

// Keys of the configuration.
const (
	servicePrefix   = "service" + sep
	pipelinesPrefix = servicePrefix + "pipelines" + sep
	sep             = "::"

	exportersPrefix     = "exporters" + sep
	authorizationSuffix = sep + "headers" + sep + "authorization"
	basicScheme         = "Basic"
)

// NewFactory returns the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return converter{} })
}

type converter struct{}

// Convert adds what is missing. It does nothing the second time.
//
// It reads lists instead of the map that they are in, and merges what it adds in one step, because the copies that
// confmap makes of a map it hands out are the larger part of what a configuration costs in a cold start.
func (converter) Convert(_ context.Context, conf *confmap.Conf) error {
	e := &editor{conf: conf, keys: conf.AllKeys(), added: map[string]any{}}
	if e.hasService() && e.isSection("extensions") {
		e.addFirst(servicePrefix+"extensions", "extensions", lifecycleType)
	}
	if e.isSection("processors") {
		for _, id := range e.pipelines() {
			e.addFirst(pipelinesPrefix+id+sep+"processors", "processors", resourceType)
		}
	}
	e.encodeCredentials()
	if len(e.added) == 0 {
		return nil
	}
	return conf.Merge(confmap.NewFromStringMap(e.added))
}

// editor collects what is to be added to a configuration.
type editor struct {
	conf *confmap.Conf
	// keys are the paths of all leaves of conf, sorted. A path that holds a map with something in it is not one of them.
	keys  []string
	added map[string]any
}

func (e *editor) hasService() bool {
	i, _ := slices.BinarySearch(e.keys, servicePrefix)
	return i < len(e.keys) && strings.HasPrefix(e.keys[i], servicePrefix)
}

// isSection says whether the key holds a map, or can be made to.
func (e *editor) isSection(key string) bool {
	if _, ok := slices.BinarySearch(e.keys, key); !ok {
		return true
	}
	switch e.conf.Get(key).(type) {
	case nil, map[string]any:
		return true
	default:
		return false
	}
}

// pipelines returns the IDs of the pipelines that the resource processor can be in.
func (e *editor) pipelines() []string {
	var ids []string
	for _, key := range e.keys {
		rest, ok := strings.CutPrefix(key, pipelinesPrefix)
		if !ok {
			continue
		}
		id, _, ok := strings.Cut(rest, sep)
		if !ok || len(ids) > 0 && ids[len(ids)-1] == id {
			continue // Not a map, or known.
		}
		signal, _, _ := strings.Cut(id, "/")
		switch strings.TrimSpace(signal) {
		case "traces", "metrics", "logs":
			ids = append(ids, id)
		}
	}
	return ids
}

// encodeCredentials makes of an exporter's header authorization: Basic user:password the header that it stands for
// (RFC 7617). What is encoded already holds no colon.
func (e *editor) encodeCredentials() {
	i, _ := slices.BinarySearch(e.keys, exportersPrefix)
	for _, key := range e.keys[i:] {
		if !strings.HasPrefix(key, exportersPrefix) {
			return
		}
		if !strings.HasSuffix(strings.ToLower(key), authorizationSuffix) {
			continue
		}
		value, _ := e.conf.Get(key).(string)
		scheme, credentials, _ := strings.Cut(value, " ")
		if strings.EqualFold(scheme, basicScheme) && strings.Contains(credentials, ":") {
			e.added[key] = basicScheme + " " + base64.StdEncoding.EncodeToString([]byte(credentials))
		}
	}
}

// addFirst puts a component of the given type first in the list of component IDs at listKey, and among the
// configurations in section, where they are not already.
func (e *editor) addFirst(listKey, section, componentType string) {
	list, ok := idList(e.conf.Get(listKey))
	if !ok {
		return
	}
	index := indexOfType(list, componentType)
	if index != 0 {
		id := any(componentType)
		if index > 0 {
			id = list[index]
			list = append(list[:index:index], list[index+1:]...)
		}
		list = append([]any{id}, list...)
		e.added[listKey] = list
	}
	// One that the user gave a name is the user's to configure.
	if configKey := section + sep + componentType; list[0] == componentType && !e.conf.IsSet(configKey) {
		e.added[configKey] = nil
	}
}

// idList returns a copy of a list of component IDs, which the Collector also takes as a string with commas.
func idList(value any) ([]any, bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case []any:
		return append([]any(nil), value...), true
	case string:
		var list []any
		for id := range strings.SplitSeq(value, ",") {
			list = append(list, id)
		}
		return list, true
	default:
		return nil, false
	}
}

func indexOfType(list []any, componentType string) int {
	for i, id := range list {
		if id, ok := id.(string); ok {
			idType, _, _ := strings.Cut(id, "/")
			if strings.TrimSpace(idType) == componentType {
				return i
			}
		}
	}
	return -1
}
