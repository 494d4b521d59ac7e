// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/service"
	"go.uber.org/zap"

	"github.com/otelcol-lambda/otelcol-lambda/components/lambdalifecycle"
	"github.com/otelcol-lambda/otelcol-lambda/internal/control"
)

// failedShutdownPatience bounds the shutdown of a service that failed: what it has buffered may leave in this time.
const failedShutdownPatience = 2 * time.Second

// runningService is a Collector service that has started.
type runningService struct {
	*service.Service
	// fatal is the first error that a component ended the Collector with.
	fatal <-chan error
	// release lets the components go on that report a further one.
	release func()
	renewer *renewer
}

// startService loads the configuration and starts its pipelines. It does what otelcol.Collector does, without
// marshalling and redacting the configuration once more for extensions that want a snapshot of it: a third of the
// start-up's CPU.
func startService(ctx context.Context, set otelcol.CollectorSettings, link *control.Link, renewer *renewer) (*runningService, error) {
	factories, err := set.Factories()
	if err != nil {
		return nil, err
	}
	cfg, err := load(ctx, set.ConfigProviderSettings, factories)
	if err != nil {
		return nil, err
	}
	s := &runningService{renewer: renewer}
	var reported chan error
	reported, s.fatal, s.release = firstError()
	settings := service.Settings{
		BuildInfo:           set.BuildInfo,
		ReceiversConfigs:    cfg.Receivers,
		ReceiversFactories:  factories.Receivers,
		ProcessorsConfigs:   cfg.Processors,
		ProcessorsFactories: factories.Processors,
		ExportersConfigs:    cfg.Exporters,
		ExportersFactories:  factories.Exporters,
		ConnectorsConfigs:   cfg.Connectors,
		ConnectorsFactories: factories.Connectors,
		ExtensionsConfigs:   cfg.Extensions,
		ExtensionsFactories: factories.Extensions,
		ModuleInfos: service.ModuleInfos{
			Receiver:  moduleInfo(factories.ReceiverModules),
			Processor: moduleInfo(factories.ProcessorModules),
			Exporter:  moduleInfo(factories.ExporterModules),
			Extension: moduleInfo(factories.ExtensionModules),
			Connector: moduleInfo(factories.ConnectorModules),
		},
		AsyncErrorChannel: reported,
		TelemetryFactory:  factories.Telemetry,
		BuildZapLogger: func(cfg zap.Config, opts ...zap.Option) (*zap.Logger, error) {
			return buildQuietly(cfg, append(opts, set.LoggingOptions...)...)
		},
	}
	err = withoutProc(func() error {
		s.Service, err = service.New(ctx, settings, cfg.Service)
		return err
	})
	if err != nil {
		s.release()
		return nil, err
	}
	if err := s.Start(lambdalifecycle.WithLink(ctx, link)); err != nil {
		return nil, errors.Join(err, s.shutdown(ctx, time.Now().Add(failedShutdownPatience)))
	}
	renewer.follow(reloading(ctx, set.ConfigProviderSettings, factories), factories, s.Logger())
	return s, nil
}

// reloading returns what loads a configuration once more, with the values of base. What there is to say about it has been
// said.
func reloading(base context.Context, set otelcol.ConfigProviderSettings, factories otelcol.Factories) func(context.Context) (*otelcol.Config, error) {
	set.ResolverSettings.ProviderSettings.Logger, set.ResolverSettings.ConverterSettings.Logger = zap.NewNop(), zap.NewNop()
	return func(ctx context.Context) (*otelcol.Config, error) {
		ctx, cancel := within(ctx, base)
		defer cancel()
		return loadConfig(ctx, set, factories)
	}
}

// within returns a context that ends with the first one and has the values of the second.
func within(ctx, values context.Context) (context.Context, context.CancelFunc) {
	merged, cancel := context.WithCancel(values)
	stop := context.AfterFunc(ctx, cancel)
	return merged, func() { stop(); cancel() }
}

// runUntilShutdown waits for the end of the environment and stops the service within Lambda's deadline. Any other
// end is an error.
func (s *runningService) runUntilShutdown(ctx context.Context) error {
	err := <-s.fatal
	var end *lambdalifecycle.ShutdownError
	if errors.As(err, &end) {
		return s.shutdown(ctx, end.Deadline)
	}
	return errors.Join(fmt.Errorf("a component failed: %w", err), s.shutdown(ctx, time.Now().Add(failedShutdownPatience)))
}

func (s *runningService) shutdown(ctx context.Context, deadline time.Time) error {
	defer s.release()
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	defer s.renewer.shutdown(ctx)
	return s.Shutdown(ctx)
}

// firstError returns a channel that takes errors until release is called, and one that yields the first of them. The
// service reports under a lock that its shutdown needs: a component whose three signals all fail would block it.
func firstError() (in chan error, first <-chan error, release func()) {
	in, out, released := make(chan error), make(chan error, 1), make(chan struct{})
	go func() {
		for {
			select {
			case err := <-in:
				select {
				case out <- err:
				default:
				}
			case <-released:
				return
			}
		}
	}()
	return in, out, func() { close(released) }
}

func moduleInfo(modules map[component.Type]string) map[component.Type]service.ModuleInfo {
	info := make(map[component.Type]service.ModuleInfo, len(modules))
	for t, module := range modules {
		info[t] = service.ModuleInfo{BuilderRef: module}
	}
	return info
}
