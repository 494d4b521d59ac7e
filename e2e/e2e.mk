# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

.PHONY: e2e e2e-clickhouse test-page

# Real runtimes and instrumentation. It installs everything in build/e2e the first time.
e2e: dist/$(NAME)-$(HOST_ARCH).zip
	$(MAKE) --no-print-directory -j2 -f e2e/install.mk
	go test -tags e2e ./e2e -count=1 -v -timeout 20m

# ClickHouse, in a library of the npm registry, behind a server of ours; a Collector like ClickStack's; the full layer.
CLICKHOUSE := build/e2e-clickhouse

e2e-clickhouse: $(CLICKHOUSE)/node_modules/.package-lock.json $(CLICKHOUSE)/gateway-collector
	$(MAKE) layer MANIFEST=builder-config-full.yaml NAME=otelcol-lambda-full ARCHES=amd64
	$(BUILD) -o $(CLICKHOUSE)/go-function/bootstrap ./examples/go-function
	$(BUILD) -o $(CLICKHOUSE)/function/bootstrap ./test/function
	cd e2e/clickhouse && $(BUILD) -o ../../$(CLICKHOUSE)/server ./server
	cd e2e/clickhouse && go vet -tags e2e ./... && go test ./server && go test -tags e2e -count 1 -v -parallel 2 -timeout 15m

$(CLICKHOUSE)/node_modules/.package-lock.json: e2e/clickhouse/package.json e2e/clickhouse/package-lock.json
	@mkdir -p $(CLICKHOUSE)
	cp e2e/clickhouse/package.json e2e/clickhouse/package-lock.json $(CLICKHOUSE)
	npm ci --prefix $(CLICKHOUSE)

$(CLICKHOUSE)/gateway-collector: e2e/clickhouse/gateway-builder.yaml
	@mkdir -p $(CLICKHOUSE)
	cd e2e/clickhouse && $(OCB) --config gateway-builder.yaml --skip-compilation
	cd $(CLICKHOUSE)/gateway && $(BUILD) -o ../gateway-collector .

# The emulator's page in a real browser; Debian's is installed if there is none.
test-page: dist/$(NAME)-$(HOST_ARCH).zip build/demo/bootstrap
	command -v chromium >/dev/null || command -v google-chrome >/dev/null || apt-get install -qq --no-install-recommends chromium
	cd e2e/page && go test -tags e2e ./...
