// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaresourceprocessor

import (
	"context"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-lambda/otelcol-lambda/internal/lambdaapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var typ = component.MustNewType("lambda_resource")

// lifecycle is an extension that has registered with Lambda.
type lifecycle struct {
	component.StartFunc
	component.ShutdownFunc
	accountID string
}

func (l lifecycle) Registration() lambdaapi.Registration {
	return lambdaapi.Registration{AccountID: l.accountID}
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func registeredHost(accountID string) host {
	return host{
		component.MustNewID("other"):            &struct{ component.Component }{},
		component.MustNewID("lambda_lifecycle"): lifecycle{accountID: accountID},
	}
}

var lambdaEnv = map[string]string{
	"AWS_LAMBDA_FUNCTION_NAME":        "orders",
	"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
	"AWS_REGION":                      "eu-central-1",
}

var lambdaAttributes = map[string]any{
	"service.name":      "orders",
	"faas.name":         "orders",
	"faas.version":      "$LATEST",
	"faas.max_memory":   int64(134217728),
	"cloud.provider":    "aws",
	"cloud.platform":    "aws_lambda",
	"cloud.region":      "eu-central-1",
	"cloud.account.id":  "123456789012",
	"cloud.resource_id": "arn:aws:lambda:eu-central-1:123456789012:function:orders",
}

// with returns the union of maps; the empty string and nil take a key away.
func with[V any](base, more map[string]V) map[string]V {
	union := maps.Clone(base)
	for key, value := range more {
		union[key] = value
		if any(value) == nil || any(value) == any("") {
			delete(union, key)
		}
	}
	return union
}

// started returns a processor that has been created and started in an environment.
func started(t testing.TB, env map[string]string, h component.Host) *resourceProcessor {
	t.Helper()
	f := &factory{getenv: func(name string) string { return env[name] }}
	p := f.create(processortest.NewNopSettings(typ))
	require.NoError(t, p.start(t.Context(), h))
	return p
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	account := registeredHost("123456789012")
	for name, tt := range map[string]struct {
		env      map[string]string
		host     component.Host
		resource map[string]any
		want     map[string]any
	}{
		"in Lambda": {lambdaEnv, account, nil, lambdaAttributes},
		"in Lambda, account unknown": {
			lambdaEnv, registeredHost(""), nil,
			with(lambdaAttributes, map[string]any{"cloud.account.id": nil, "cloud.resource_id": nil}),
		},
		"in Lambda, no lifecycle extension": {
			lambdaEnv, componenttest.NewNopHost(), nil,
			with(lambdaAttributes, map[string]any{"cloud.account.id": nil, "cloud.resource_id": nil}),
		},
		"published version": {
			with(lambdaEnv, map[string]string{"AWS_LAMBDA_FUNCTION_VERSION": "7"}), account, nil,
			with(lambdaAttributes, map[string]any{"faas.version": "7", "cloud.resource_id": "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"}),
		},
		"log stream visible, memory not a number": {
			with(lambdaEnv, map[string]string{"AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]2f39", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "lots"}), account, nil,
			with(lambdaAttributes, map[string]any{"faas.instance": "2026/01/02/[$LATEST]2f39", "faas.max_memory": nil}),
		},
		"named by the user": {
			with(lambdaEnv, map[string]string{"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,team=blue"}), account, nil,
			with(lambdaAttributes, map[string]any{"service.name": "shop", "team": "blue"}),
		},
		"named and overruled by OTEL_RESOURCE_ATTRIBUTES": {
			with(lambdaEnv, map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.name=shop,cloud.region=moon"}), account, nil,
			with(lambdaAttributes, map[string]any{"service.name": "shop", "cloud.region": "moon"}),
		},
		"outside Lambda": {
			map[string]string{"AWS_REGION": "eu-central-1", "OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "team=blue"},
			componenttest.NewNopHost(), nil,
			map[string]any{"service.name": "shop", "team": "blue"},
		},
		"outside Lambda, nothing said": {nil, componenttest.NewNopHost(), map[string]any{"service.name": "unknown_service:go"}, map[string]any{"service.name": "unknown_service:go"}},
		"a resource keeps what it has": {
			lambdaEnv, account,
			map[string]any{"service.name": "sdk", "faas.max_memory": "128", "own": int64(1)},
			with(lambdaAttributes, map[string]any{"service.name": "sdk", "faas.max_memory": "128", "own": int64(1)}),
		},
		"made-up name with executable": {lambdaEnv, account, map[string]any{"service.name": "unknown_service:node"}, lambdaAttributes},
		"made-up name":                 {lambdaEnv, account, map[string]any{"service.name": "unknown_service"}, lambdaAttributes},
		"name that only looks so":      {lambdaEnv, account, map[string]any{"service.name": "unknown_services"}, with(lambdaAttributes, map[string]any{"service.name": "unknown_services"})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := started(t, tt.env, tt.host)
			resource := pcommon.NewMap()
			require.NoError(t, resource.FromRaw(tt.resource))
			p.complete(resource)
			assert.Equal(t, tt.want, resource.AsRaw())
			p.complete(resource)
			assert.Equal(t, tt.want, resource.AsRaw(), "twice")
		})
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"us-east-1":      "arn:aws:lambda:us-east-1:1:function:f",
		"cn-north-1":     "arn:aws-cn:lambda:cn-north-1:1:function:f",
		"us-gov-west-1":  "arn:aws-us-gov:lambda:us-gov-west-1:1:function:f",
		"eusc-de-east-1": "arn:aws-eusc:lambda:eusc-de-east-1:1:function:f",
		"us-iso-east-1":  "arn:aws-iso:lambda:us-iso-east-1:1:function:f",
		"us-isob-east-1": "arn:aws-iso-b:lambda:us-isob-east-1:1:function:f",
		"us-isof-east-1": "arn:aws-iso-f:lambda:us-isof-east-1:1:function:f",
		"eu-isoe-west-1": "arn:aws-iso-e:lambda:eu-isoe-west-1:1:function:f",
		"":               "",
	} {
		assert.Equal(t, want, environment{function: "f", region: region}.arn("1"))
	}
}

func TestParseResourceAttributes(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]pair{
		"":                         nil,
		" , ":                      nil,
		"a=1":                      {{"a", "1"}},
		" a = 1 ,b=x%2Cy%3D%20z, ": {{"a", "1"}, {"b", "x,y= z"}},
		"a=1+1=2":                  {{"a", "1+1=2"}},
		"k%C3%A4se=%F0%9F%A7%80":   {{"käse", "🧀"}},
		"empty=":                   {{"empty", ""}},
	} {
		got, err := parseResourceAttributes(list)
		require.NoError(t, err, list)
		assert.Equal(t, want, got, list)
	}
	for list, want := range map[string]string{
		"a=1,b":   `OTEL_RESOURCE_ATTRIBUTES: "b" is not of the form key=value`,
		"=1":      `OTEL_RESOURCE_ATTRIBUTES: "=1" is not of the form key=value`,
		"a=100%":  `OTEL_RESOURCE_ATTRIBUTES: value of "a": invalid URL escape "%"`,
		"a%zz=10": `OTEL_RESOURCE_ATTRIBUTES: key "a%zz": invalid URL escape "%zz"`,
	} {
		got, err := parseResourceAttributes(list)
		assert.EqualError(t, err, want)
		assert.Empty(t, got)
	}
}

func FuzzParseResourceAttributes(f *testing.F) {
	f.Add("a=1,b=x%2Cy")
	f.Add("a=%zz,,=")
	f.Fuzz(func(t *testing.T, list string) {
		pairs, err := parseResourceAttributes(list)
		for _, p := range pairs {
			require.NotEmpty(t, p.key)
		}
		require.True(t, err == nil || pairs == nil)
	})
}

// A mistake in the environment is said once, and costs only what it is in.
func TestBadEnvironment(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.WarnLevel)
	set := processortest.NewNopSettings(typ)
	set.Logger = zap.New(core)
	env := with(lambdaEnv, map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "team=100%"})
	f := &factory{getenv: func(name string) string { return env[name] }}
	for range 3 {
		p := f.create(set)
		require.NoError(t, p.start(t.Context(), registeredHost("123456789012")))
		resource := pcommon.NewMap()
		p.complete(resource)
		assert.Equal(t, lambdaAttributes, resource.AsRaw())
	}
	assert.Equal(t, 1, lines.Len())
}

func TestFactory(t *testing.T) {
	factory := NewFactory()
	assert.Equal(t, typ, factory.Type())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))

	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
	ctx, set, cfg := t.Context(), processortest.NewNopSettings(typ), factory.CreateDefaultConfig()
	var logs consumertest.LogsSink
	var metrics consumertest.MetricsSink
	var traces consumertest.TracesSink
	for name, tt := range map[string]struct {
		create func() (component.Component, error)
		send   func(component.Component) error
		got    func() pcommon.Map
	}{
		"logs": {
			func() (component.Component, error) { return factory.CreateLogs(ctx, set, cfg, &logs) },
			func(c component.Component) error {
				data := plog.NewLogs()
				data.ResourceLogs().AppendEmpty()
				return c.(processor.Logs).ConsumeLogs(ctx, data)
			},
			func() pcommon.Map { return logs.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes() },
		},
		"metrics": {
			func() (component.Component, error) { return factory.CreateMetrics(ctx, set, cfg, &metrics) },
			func(c component.Component) error {
				data := pmetric.NewMetrics()
				data.ResourceMetrics().AppendEmpty()
				return c.(processor.Metrics).ConsumeMetrics(ctx, data)
			},
			func() pcommon.Map { return metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes() },
		},
		"traces": {
			func() (component.Component, error) { return factory.CreateTraces(ctx, set, cfg, &traces) },
			func(c component.Component) error {
				data := ptrace.NewTraces()
				data.ResourceSpans().AppendEmpty()
				return c.(processor.Traces).ConsumeTraces(ctx, data)
			},
			func() pcommon.Map { return traces.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			unstarted, err := tt.create()
			require.NoError(t, err)
			require.NoError(t, unstarted.Shutdown(ctx))

			p, err := tt.create()
			require.NoError(t, err)
			require.NoError(t, p.Start(ctx, registeredHost("123456789012")))
			require.NoError(t, tt.send(p))
			require.NoError(t, p.Shutdown(ctx))
			require.NoError(t, p.Shutdown(ctx))
			name, _ := tt.got().Get("faas.name")
			assert.Equal(t, "orders", name.Str())
		})
	}
}

// BenchmarkComplete: a resource that has everything costs no allocation; an empty one, as each batch of function logs has,
// costs its attributes.
func BenchmarkComplete(b *testing.B) {
	p := started(b, lambdaEnv, registeredHost("123456789012"))
	data := plog.NewLogs()
	data.ResourceLogs().AppendEmpty()
	for name, clear := range map[string]bool{"present": false, "empty": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if clear {
					data.ResourceLogs().At(0).Resource().Attributes().Clear()
				}
				if _, err := p.logs(context.Background(), data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// viewer is an extension that looks at traces.
type viewer struct {
	component.StartFunc
	component.ShutdownFunc
	resources []int // the number of attributes of each resource that it was shown
}

func (o *viewer) ObserveTraces(traces ptrace.Traces) {
	for _, rs := range traces.ResourceSpans().All() {
		o.resources = append(o.resources, rs.Resource().Attributes().Len())
	}
}

// The lifecycle sees traces as they come.
func TestTracesAreShown(t *testing.T) {
	t.Parallel()
	o := &viewer{}
	h := registeredHost("123456789012")
	h[component.MustNewID("viewer")] = o
	p := &resourceProcessor{environment: environment{function: "orders"}}
	require.NoError(t, p.start(t.Context(), h))
	traces := ptrace.NewTraces()
	traces.ResourceSpans().AppendEmpty()
	_, err := p.traces(t.Context(), traces)
	require.NoError(t, err)
	assert.Equal(t, []int{0}, o.resources)
	assert.NotZero(t, traces.ResourceSpans().At(0).Resource().Attributes().Len())
}
