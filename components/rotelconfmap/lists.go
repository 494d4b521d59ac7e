// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package rotelconfmap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

const (
	sep           = "::"
	attributesKey = "processors" + sep + "resource" + sep + "attributes"
)

// listKey is the key of a list name=value,name=value that is one secret as a whole, from the variable with the given
// name: what it is made of is known once it is resolved. No header and no attribute of a variable is called so.
func listKey(variable string) string { return "(" + variable + ")" }

// variableOf returns the variable of a list key.
func variableOf(key string) (string, bool) {
	variable, ok := strings.CutPrefix(key, "("+prefix)
	variable, closed := strings.CutSuffix(variable, ")")
	return prefix + variable, ok && closed
}

// ListConverters returns what puts the headers and attributes in their places that are one secret as a whole in the given
// environment, to go before converters that look at those. It is nothing for most, whose cold start should not pay for it.
func ListConverters(environ []string) []confmap.ConverterFactory {
	if !slices.ContainsFunc(environ, isListInSecret) {
		return nil
	}
	return []confmap.ConverterFactory{
		confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return listConverter{} }),
	}
}

func isListInSecret(entry string) bool {
	name, value, _ := strings.Cut(entry, "=")
	return strings.HasPrefix(name, prefix) && (name == attributesVar || strings.HasSuffix(name, headersSuffix)) &&
		isReference(strings.TrimSpace(value))
}

type listConverter struct{}

// Convert implements confmap.Converter. A list that was left unresolved, to be printed, stays one.
func (listConverter) Convert(_ context.Context, conf *confmap.Conf) error {
	added := map[string]any{}
	for _, key := range conf.AllKeys() {
		switch section, last, _ := cutLast(key); {
		case key == attributesKey:
			if actions, ok := conf.Get(key).([]any); ok {
				expanded, err := expandAttributes(actions)
				if err != nil {
					return err
				}
				added[key] = expanded
			}
		case strings.HasPrefix(key, "exporters"+sep) && strings.HasSuffix(section, sep+"headers"):
			variable, ok := variableOf(last)
			value, isText := conf.Get(key).(string)
			if !ok || !isText || isReference(value) {
				continue
			}
			headers, err := parseHeaders(value)
			if err != nil {
				return inSecret(variable, err)
			}
			conf.Delete(key)
			for name, value := range headers {
				if key := section + sep + name; !conf.IsSet(key) {
					added[key] = value
				}
			}
		}
	}
	if len(added) == 0 {
		return nil
	}
	return conf.Merge(confmap.NewFromStringMap(added))
}

// expandAttributes returns the actions of the resource processor, those of a list one by one.
func expandAttributes(actions []any) ([]any, error) {
	var expanded []any
	for _, action := range actions {
		fields, _ := action.(map[string]any)
		key, _ := fields["key"].(string)
		value, isText := fields["value"].(string)
		variable, ok := variableOf(key)
		if !ok || !isText || isReference(value) {
			expanded = append(expanded, action)
			continue
		}
		pairs, err := parsePairs(value)
		if err != nil {
			return nil, inSecret(variable, err)
		}
		for _, p := range pairs {
			expanded = append(expanded, upsert(p.name, p.value))
		}
	}
	return expanded, nil
}

// inSecret says where the list is that is wrong. It does not show it.
func inSecret(variable string, err error) error {
	return fmt.Errorf("invalid environment: the secret that %q refers to %w", variable, err)
}

func cutLast(key string) (section, last string, found bool) {
	i := strings.LastIndex(key, sep)
	if i < 0 {
		return "", key, false
	}
	return key[:i], key[i+len(sep):], true
}
