// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	secretsManager = "secretsmanager"
	ssm            = "ssm"

	// maxID is the longest identifier that both services take.
	maxID = 2048
)

// target is where requests go.
type target struct {
	service, partition, region string
}

// secret is what is asked for: a secret, or a version of a parameter. The id is what the service is given.
type secret struct {
	target
	id string
}

// reference is a secret, or what a key of it stands for.
type reference struct {
	secret
	key string // without the #; empty: the whole secret
}

// parseReference reads what stands between "${" and "}".
func parseReference(uri string) (reference, error) {
	id, key, hasKey := strings.Cut(uri, "#")
	parts := strings.SplitN(id, ":", 6)
	if len(parts) < 6 || parts[0] != scheme || len(id) > maxID {
		return reference{}, errors.New("it is no ARN of a secret or a parameter: " +
			"use arn:aws:secretsmanager:{region}:{account}:secret:{name} or arn:aws:ssm:{region}:{account}:parameter/{path}")
	}
	r := reference{secret{target{service: parts[2], partition: parts[1], region: parts[3]}, id}, key}
	if _, ok := suffixes(r.partition); !ok {
		return reference{}, fmt.Errorf("the partition %q is not supported: use aws, aws-cn, aws-us-gov or aws-eusc", r.partition)
	}
	if err := checkResource(r.service, parts[5]); err != nil {
		return reference{}, err
	}
	if !isLabel(r.region) {
		return reference{}, fmt.Errorf("%q is no region", r.region)
	}
	if account := parts[4]; len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return reference{}, fmt.Errorf("%q is no account: it has 12 digits", account)
	}
	if hasKey && key == "" {
		return reference{}, errors.New("the key after # is empty: name one, or leave the # out for the whole value")
	}
	return r, nil
}

// checkResource checks the last part of an ARN.
func checkResource(service, resource string) error {
	switch service {
	case secretsManager:
		name, ok := strings.CutPrefix(resource, "secret:")
		if !ok || !isName(name) {
			return errors.New("it names no secret: use …:secret:{name}, and #{key} for a key of it")
		}
	case ssm:
		path, ok := strings.CutPrefix(resource, "parameter/")
		path, selector, hasSelector := strings.Cut(path, ":")
		if !ok || !isName(path) || hasSelector && !isName(selector) {
			return errors.New("it names no parameter: use …:parameter/{path}, and :{version} or :{label} for one that is not the newest")
		}
	default:
		return fmt.Errorf("the service %q is not supported: use secretsmanager or ssm", service)
	}
	return nil
}

// isLabel tells whether s can be a part of a host name: the region goes into one.
func isLabel(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isName tells whether s can be the name of a secret or a parameter. The services are stricter, and say so.
func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' })
}

// lookUp returns what the reference stands for in the value of its secret. Its errors do not show the value.
func (r reference) lookUp(value string) (string, error) {
	if r.key == "" {
		return value, nil
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber() // a number keeps its digits
	var node any
	if err := decoder.Decode(&node); err != nil || decoder.More() {
		return "", errors.New("it is not JSON, and only JSON has keys: leave the # out for the whole value")
	}
	tokens, err := r.path()
	if err != nil {
		return "", err
	}
	for _, token := range tokens {
		next, ok := child(node, token)
		if !ok {
			return "", fmt.Errorf("its JSON has no key %q", token)
		}
		node = next
	}
	switch v := node.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	case nil:
		return "", fmt.Errorf("its JSON has null under %q: it must be a string, a number or a boolean", r.key)
	default:
		return "", fmt.Errorf("its JSON has an object or an array under %q: name a key inside it, as in #/outer/inner", r.key)
	}
}

// path returns the keys that lead to what r.key names.
func (r reference) path() ([]string, error) {
	if !strings.HasPrefix(r.key, "/") {
		return []string{r.key}, nil
	}
	pointer, err := url.PathUnescape(r.key)
	if err != nil {
		return nil, fmt.Errorf("the key %q holds a %% that two hexadecimal digits do not follow: write it %%25", r.key)
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, token := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return tokens, nil
}

// child is the member of an object or the element of an array that a token of a JSON Pointer names.
func child(node any, token string) (any, bool) {
	switch v := node.(type) {
	case map[string]any:
		member, ok := v[token]
		return member, ok
	case []any:
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(v) || token != strconv.Itoa(i) {
			return nil, false
		}
		return v[i], true
	default:
		return nil, false
	}
}
