# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# make bench: start-up, latency, cost and stress of the built layer, into bench/results.md and .svg: ten minutes.
# PEER=… another extension's binary, layer directory or zip, in the same runs; PEER_CONFIG=… its configuration;
# QUICK=1 a tenth of the rounds: shows that it works; FULL= without the full layer; ONLY="What telemetry costs" one table, printed.
FULL ?= $(if $(QUICK),,dist/otelcol-lambda-full-$(HOST_ARCH).zip)
BENCH_PARTS := build/bench/function/bootstrap build/bench/stock/stock build/bench/nethttp build/bench/socket

.PHONY: bench
bench: dist/$(NAME)-$(HOST_ARCH).zip $(FULL) $(BENCH_PARTS)
	go run ./bench -layer $< $(if $(FULL),-full $(FULL)) $(if $(PEER),-peer $(PEER)) $(if $(PEER_CONFIG),-peer-config $(PEER_CONFIG)) $(if $(QUICK),-quick) $(if $(ONLY),-only "$(ONLY)")

ifeq ($(NAME),otelcol-lambda) # the layer of another name is made by the rule above
dist/otelcol-lambda-full-%.zip: builder-config-full.yaml $(SOURCES) $(wildcard supervisor/*.go)
	$(MAKE) --no-print-directory layer MANIFEST=builder-config-full.yaml NAME=otelcol-lambda-full ARCHES=$*
endif

build/bench/function/bootstrap: $(wildcard bench/function/*.go)
	$(BUILD) -o $@ ./bench/function

build/bench/nethttp build/bench/socket: build/bench/%: $(wildcard bench/floor/*/*.go)
	$(BUILD) -o $@ ./bench/floor/$*

build/bench/stock/stock: bench/stock.yaml
	$(OCB) --config $< --skip-compilation
	cd $(@D) && $(BUILD) -tags grpcnotrace -o $(@F) .

# make bench-components: what each component of the full layer costs in the default one, into bench/components.md.
.PHONY: bench-components
bench-components: dist/$(NAME)-$(HOST_ARCH).zip
	go run ./bench/onemore $(MANIFEST) builder-config-full.yaml build/components
	for manifest in build/components/*.yaml; do \
		$(MAKE) --no-print-directory layer MANIFEST=$$manifest NAME=component-$$(basename $$manifest .yaml) ARCHES=$(HOST_ARCH) || exit; done
	go run ./bench -layer $< -components 'dist/component-*-$(HOST_ARCH).zip'
