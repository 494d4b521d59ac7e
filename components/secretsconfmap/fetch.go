// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
)

// What one request may ask for, by the models of the services.
const (
	secretsPerBatch    = 20
	parametersPerBatch = 10
)

// fetch fetches secrets, all requests in parallel, and returns an outcome for each.
func (c *client) fetch(ctx context.Context, secrets []secret) map[secret]outcome {
	f := &fetching{client: c, outcomes: map[secret]outcome{}}
	byTarget := map[target][]string{}
	for _, s := range secrets {
		byTarget[s.target] = append(byTarget[s.target], s.id)
	}
	for t, ids := range byTarget {
		size := secretsPerBatch
		if t.service == ssm {
			size = parametersPerBatch
		}
		for batch := range slices.Chunk(ids, size) {
			f.wg.Go(func() { f.fetchBatch(ctx, t, batch) })
		}
	}
	f.wg.Wait()
	return f.outcomes
}

// fetching collects the outcomes of parallel requests.
type fetching struct {
	*client
	wg       sync.WaitGroup
	mu       sync.Mutex
	outcomes map[secret]outcome
}

func (f *fetching) put(s secret, o outcome) {
	if o.err != nil {
		o.err = explain(s.target, o.err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outcomes[s] = o
}

// fetchBatch fetches what one request can ask for. What it is refused for as a whole, or has no answer for, is asked
// for one by one: the caller may lack only the permission for the batch, or only that for one of its members.
func (f *fetching) fetchBatch(ctx context.Context, t target, ids []string) {
	ask := f.askSecretsManager
	if t.service == ssm {
		ask = f.askParameterStore
	}
	answers, err := ask(ctx, t, ids)
	for _, id := range ids {
		s := secret{t, id}
		answer, ok := answers[id]
		switch {
		case ok:
			f.put(s, answer)
		case len(ids) == 1 && err == nil:
			f.put(s, outcome{err: errors.New("the service did not answer for it")})
		case len(ids) == 1 || isTemporary(err):
			f.put(s, outcome{err: err})
		default:
			f.wg.Go(func() { f.fetchBatch(ctx, t, []string{id}) })
		}
	}
}

// askSecretsManager returns answers by id.
func (f *fetching) askSecretsManager(ctx context.Context, t target, ids []string) (map[string]outcome, error) {
	type value struct {
		ARN          string
		SecretString *string
		SecretBinary []byte
	}
	read := func(v value) outcome {
		if v.SecretString != nil {
			return outcome{value: *v.SecretString}
		}
		return outcome{value: string(v.SecretBinary)}
	}
	if len(ids) == 1 {
		var out value
		if err := f.call(ctx, t, "GetSecretValue", map[string]any{"SecretId": ids[0]}, &out); err != nil {
			return nil, err
		}
		return map[string]outcome{ids[0]: read(out)}, nil
	}
	var out struct {
		SecretValues []value
		Errors       []struct{ SecretID, ErrorCode, Message string }
	}
	if err := f.call(ctx, t, "BatchGetSecretValue", map[string]any{"SecretIdList": ids}, &out); err != nil {
		return nil, err
	}
	answers := map[string]outcome{}
	for _, v := range out.SecretValues {
		for _, id := range ids {
			if names(id, v.ARN) {
				answers[id] = read(v)
			}
		}
	}
	for _, e := range out.Errors {
		answers[e.SecretID] = outcome{err: &serviceError{code: e.ErrorCode, message: e.Message}}
	}
	return answers, nil
}

// names tells whether an id is the ARN of a secret, or its ARN without the random suffix ("-AbCdEf"), which Secrets
// Manager takes, too.
func names(id, arn string) bool {
	suffix, found := strings.CutPrefix(arn, id)
	return found && (suffix == "" || len(suffix) == len("-AbCdEf") && suffix[0] == '-')
}

// askParameterStore returns answers by id.
func (f *fetching) askParameterStore(ctx context.Context, t target, ids []string) (map[string]outcome, error) {
	var out struct {
		Parameters        []struct{ ARN, Selector, Value string }
		InvalidParameters []string
	}
	in := map[string]any{"Names": ids, "WithDecryption": true}
	if err := f.call(ctx, t, "GetParameters", in, &out); err != nil {
		return nil, err
	}
	answers := map[string]outcome{}
	for _, p := range out.Parameters {
		answers[strings.TrimSuffix(p.ARN, p.Selector)+p.Selector] = outcome{value: p.Value}
	}
	for _, id := range out.InvalidParameters {
		answers[id] = outcome{err: &serviceError{code: codeNoParameter}}
	}
	return answers, nil
}
