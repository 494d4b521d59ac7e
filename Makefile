# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# make demo       build the layer, run a real function with it in the local emulator, show what arrived
# make test       every test, with the race detector
# make layer      dist/otelcol-lambda-{amd64,arm64}.zip; MANIFEST=… for another set of components
# make test-full  build the full layer and test what only it can do
# make soak       5,000 invocations with random faults and freezes; RACE=1 with the race detector in the collector
# make lint       go vet, staticcheck and golangci-lint with the import rules

MANIFEST ?= builder-config.yaml
NAME     ?= otelcol-lambda
ARCHES   ?= amd64 arm64

OCB           := go run go.opentelemetry.io/collector/cmd/builder@v0.161.0
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2

# The manifest names where its generated module goes.
GENERATED := $(shell sed -n 's/^  output_path: *//p' $(MANIFEST))
TAGS      := $(shell sed -n 's/^  build_tags: *//p' $(MANIFEST))
VERSION   := $(shell sed -n 's/^  version: *//p' $(MANIFEST))
MAX_PACKAGES := 780
HOST_ARCH := $(shell go env GOHOSTARCH)
# What the layer's binaries are made from; tests need not be rebuilt for.
SOURCES   := $(shell find collector components distribution internal/control internal/flushpolicy internal/jsonscan internal/lambdaapi -name '*.go' ! -name '*_test.go') go.mod go.sum

# Static, reproducible, without symbols (9 MB).
BUILD := CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags '-s -w -buildid='

.PHONY: demo test test-full soak layer lint fmt generate reproducible budget clean
.DELETE_ON_ERROR:

layer: $(ARCHES:%=dist/$(NAME)-%.zip)

generate: $(GENERATED)/main.go

$(GENERATED)/main.go: $(MANIFEST) distribution/main_others.go go.mod
	@mkdir -p $(GENERATED)
	$(OCB) --config $(MANIFEST) --skip-compilation
	cp distribution/main_others.go $(GENERATED)/

$(GENERATED)/collector-%: $(GENERATED)/main.go $(SOURCES)
	cd $(GENERATED) && GOARCH=$* $(BUILD) -tags '$(TAGS),distribution' -o $(notdir $@) .

build/supervisor-%: $(wildcard supervisor/*.go) $(wildcard internal/control/*.go internal/lambdaapi/*.go)
	GOARCH=$* $(BUILD) -o $@ ./supervisor

# The licences of what is linked, and what that is: the supervisor links nothing that the collector does not.
$(GENERATED)/third-party-%: $(GENERATED)/main.go $(SOURCES) $(filter-out %_test.go,$(wildcard layer/licenses/*))
	go -C layer/licenses run . -dir $(CURDIR)/$(GENERATED) -tags '$(TAGS),distribution' -arch $* -version '$(VERSION)' \
		-sbom $(CURDIR)/$(GENERATED)/sbom-$*.cdx.json -notices $(CURDIR)/$@

dist/$(NAME)-%.zip: build/supervisor-% $(GENERATED)/collector-% $(GENERATED)/third-party-% LICENSE $(wildcard layer/*.go)
	@mkdir -p dist
	go run ./layer -out $@ -supervisor build/supervisor-$* -collector $(GENERATED)/collector-$* \
		-third-party $(GENERATED)/third-party-$*

.PRECIOUS: build/supervisor-% $(GENERATED)/collector-% $(GENERATED)/third-party-%

# The simulator has one goroutine and computes for minutes under the race detector: the only test without it.
test: dist/$(NAME)-$(HOST_ARCH).zip
	go test -race $$(go list ./... | grep -v /cmd/flush-simulator)
	go test ./cmd/flush-simulator

test-full: dist/$(NAME)-$(HOST_ARCH).zip
	$(MAKE) layer MANIFEST=builder-config-full.yaml NAME=otelcol-lambda-full ARCHES=$(HOST_ARCH)
	go test -tags full -run Full ./test

soak: dist/$(NAME)-$(HOST_ARCH).zip $(if $(RACE),build/collector-race)
	go test ./test -run Soak -v -soak 5000 -timeout 45m $(if $(RACE),-collector ../build/collector-race)

build/collector-race: $(GENERATED)/main.go $(SOURCES)
	cd $(GENERATED) && CGO_ENABLED=1 go build -race -tags '$(TAGS),distribution' -o $(CURDIR)/$@ .

# The same sources give the same bytes, generated, compiled, linked and packed once more. (The folder is another one of
# the same depth: Go records the relative path of the module that the generated one replaces.)
reproducible: dist/$(NAME)-$(HOST_ARCH).zip
	rm -rf build/again
	sed 's#output_path: .*#output_path: build/again#' $(MANIFEST) > build/again.yaml
	$(MAKE) --no-print-directory layer MANIFEST=build/again.yaml NAME=again ARCHES=$(HOST_ARCH)
	cmp dist/$(NAME)-$(HOST_ARCH).zip dist/again-$(HOST_ARCH).zip
	rm -rf build/again build/again.yaml dist/again-$(HOST_ARCH).zip

# What noise cannot break: methods that reflection keeps alive (one such mark and the linker keeps all methods of all
# types: 3-7 MB), and the number of packages.
budget: $(GENERATED)/main.go
	@cd $(GENERATED) && marks=$$(CGO_ENABLED=0 go build -tags '$(TAGS),distribution' -ldflags '-dumpdep' -o /dev/null . 2>&1 | grep -c ReflectMethod || true); \
	echo "ReflectMethod marks: $$marks of 0"; test "$$marks" -eq 0
	@cd $(GENERATED) && packages=$$(CGO_ENABLED=0 go list -deps -tags '$(TAGS),distribution' . | wc -l); \
	echo "packages linked: $$packages of at most $(MAX_PACKAGES)"; test "$$packages" -le $(MAX_PACKAGES)

build/demo/bootstrap: $(wildcard examples/go-function/*.go)
	$(BUILD) -o $@ ./examples/go-function

# make demo ENDPOINT=https://… HEADERS='authorization=…' sends to your own backend.
demo: dist/$(NAME)-$(HOST_ARCH).zip build/demo/bootstrap
	go run ./cmd/lambda-emulator --layer dist/$(NAME)-$(HOST_ARCH).zip --function build/demo --report build/demo.html \
		--events examples/go-function/demo.jsonl $(if $(ENDPOINT),--endpoint '$(ENDPOINT)') $(if $(HEADERS),--headers '$(HEADERS)')

lint:
	go vet ./...
	$(GOLANGCI_LINT) run ./...

fmt:
	gofmt -w $$(git ls-files '*.go')

clean:
	rm -rf build dist

# The emulator's page in a real browser; Debian's is installed if there is none.
test-page: dist/$(NAME)-$(HOST_ARCH).zip build/demo/bootstrap
	command -v chromium google-chrome >/dev/null || apt-get install -qq --no-install-recommends chromium
	cd e2e/page && go test -tags e2e ./...

.PHONY: test-page
# make publish REGIONS="us-east-1 eu-west-1" publishes the layers with the AWS CLI: layer/publish/publish.sh says what
# REGIONS, SHARE, DRY_RUN and JOBS mean.
.PHONY: publish test-publish
# Releases and what they are deployed with. make publish REGIONS="us-east-1 eu-west-1" asks the AWS CLI:
# layer/publish/publish.sh says what REGIONS, SHARE, DRY_RUN and JOBS mean. make release RELEASE=1.2.3 fails unless the
# manifests say this version, too.
.PHONY: publish release test-licenses test-publish test-templates lint-workflows

publish: layer
	@REGIONS='$(REGIONS)' SHARE='$(SHARE)' DRY_RUN='$(DRY_RUN)' JOBS='$(JOBS)' DESCRIPTION='$(NAME) $(VERSION)' \
		layer/publish/publish.sh $(ARCHES:%=dist/$(NAME)-%.zip)

MANIFESTS := builder-config.yaml builder-config-full.yaml

release:
	@$(if $(RELEASE),for manifest in $(MANIFESTS); do grep -q '^  version: $(RELEASE)$$' $$manifest || \
		{ echo "$$manifest has another version than $(RELEASE)"; exit 1; }; done)
	rm -rf dist/release
	@mkdir -p dist/release
	$(MAKE) layer
	$(MAKE) layer MANIFEST=builder-config-full.yaml NAME=otelcol-lambda-full
	for arch in $(ARCHES); do \
		cp dist/otelcol-lambda-$$arch.zip dist/otelcol-lambda-full-$$arch.zip dist/release/ && \
		cp build/default/sbom-$$arch.cdx.json dist/release/otelcol-lambda-$$arch.cdx.json && \
		cp build/full/sbom-$$arch.cdx.json dist/release/otelcol-lambda-full-$$arch.cdx.json || exit; \
	done
	cd dist/release && sha256sum * > ../SHA256SUMS && mv ../SHA256SUMS .

test-licenses:
	go -C layer/licenses mod tidy -diff
	go -C layer/licenses vet ./...
	go -C layer/licenses test ./...

test-publish: build/publish-tools/bin/aws
	PATH=$(CURDIR)/$(<D):$$PATH python -m unittest discover -s layer/publish

build/publish-tools/bin/aws: layer/publish/requirements.txt
	python3 -m venv build/publish-tools
	$(@D)/pip install -q --disable-pip-version-check -r $<
	@touch $@

# Needs python3, npm and terraform.
test-templates:
	deploy/test/run.sh

lint-workflows:
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# ClickHouse, in a library of the npm registry, behind a server of ours; a Collector like ClickStack's; the full layer.
CLICKHOUSE := build/e2e-clickhouse

.PHONY: e2e-clickhouse
e2e-clickhouse: $(CLICKHOUSE)/node_modules/.package-lock.json $(CLICKHOUSE)/gateway-collector
	$(MAKE) layer MANIFEST=builder-config-full.yaml NAME=otelcol-lambda-full ARCHES=amd64
	$(BUILD) -o $(CLICKHOUSE)/go-function/bootstrap ./examples/go-function
	$(BUILD) -o $(CLICKHOUSE)/function/bootstrap ./test/function
	cd e2e/clickhouse && $(BUILD) -o ../../$(CLICKHOUSE)/server ./server
	cd e2e/clickhouse && go vet -tags e2e ./... && go test ./server && go test -tags e2e -count 1 -parallel 2 -timeout 15m

$(CLICKHOUSE)/node_modules/.package-lock.json: e2e/clickhouse/package.json e2e/clickhouse/package-lock.json
	@mkdir -p $(CLICKHOUSE)
	cp e2e/clickhouse/package.json e2e/clickhouse/package-lock.json $(CLICKHOUSE)
	npm ci --prefix $(CLICKHOUSE)

$(CLICKHOUSE)/gateway-collector: e2e/clickhouse/gateway-builder.yaml
	@mkdir -p $(CLICKHOUSE)
	cd e2e/clickhouse && $(OCB) --config gateway-builder.yaml --skip-compilation
	cd $(CLICKHOUSE)/gateway && $(BUILD) -o ../gateway-collector .
.PHONY: e2e
# It installs everything in build/e2e the first time.
e2e: dist/$(NAME)-$(HOST_ARCH).zip
	$(MAKE) --no-print-directory -j2 -f e2e/install.mk
	go test -tags e2e ./e2e -count=1 -v -timeout 20m
# Modules of their own: their dependencies are not those of the default layer.
MODULES := components/spanmetrics examples/own-component

.PHONY: test-manifest test-modules validate

# What a manifest has from local folders, other than ours, is built again when it changes.
LOCAL := $(shell for dir in $$(sed -n 's/.* path: *\([^ ,}]*\).*/\1/p' $(MANIFEST)); do \
	test "$$dir" = . || find "$$dir" -name '*.go' -o -name go.mod; done)
$(ARCHES:%=$(GENERATED)/collector-%): $(LOCAL)

# A layer with one contrib processor, one contrib exporter and one component from a local folder more: a line each.
build/more.yaml: builder-config.yaml Makefile
	@mkdir -p build
	sed -e 's#output_path: .*#output_path: build/more#' \
		-e '/^processors:/a\  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/processor/groupbyattrsprocessor v0.161.0' \
		-e '/^exporters:/a\  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/zipkinexporter v0.161.0' \
		-e '/^exporters:/a\  - { gomod: example.com/webhookexporter v0.0.0, path: examples/own-component }' $< > $@

test-manifest: dist/$(NAME)-$(HOST_ARCH).zip build/more.yaml test-modules
	$(MAKE) layer MANIFEST=build/more.yaml NAME=otelcol-lambda-more ARCHES=$(HOST_ARCH)
	go test -tags more -run More ./test

test-modules:
	for module in $(MODULES); do (cd $$module && go mod tidy -diff && go vet ./... && go test -race ./...) || exit 1; done

# The Collector command for this machine, whatever it is.
$(GENERATED)/collector: $(GENERATED)/main.go $(SOURCES)
	cd $(GENERATED) && CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags '$(TAGS),distribution' -o collector .

validate: $(GENERATED)/collector
	@$< validate $(if $(CONFIG),--config '$(CONFIG)')
# make bench: start-up, latency, cost and stress of the built layer, into bench/results.md and .svg: ten minutes.
# PEER=… another extension's binary, layer directory or zip, in the same runs; PEER_CONFIG=… its configuration;
# QUICK=1 a tenth of the rounds: shows that it works; FULL= without the full layer.
FULL ?= $(if $(QUICK),,dist/otelcol-lambda-full-$(HOST_ARCH).zip)
BENCH_PARTS := build/bench/function/bootstrap build/bench/stock/stock build/bench/nethttp build/bench/socket

.PHONY: bench
bench: dist/$(NAME)-$(HOST_ARCH).zip $(FULL) $(BENCH_PARTS)
	go run ./bench -layer $< $(if $(FULL),-full $(FULL)) $(if $(PEER),-peer $(PEER)) $(if $(PEER_CONFIG),-peer-config $(PEER_CONFIG)) $(if $(QUICK),-quick)

dist/otelcol-lambda-full-%.zip: builder-config-full.yaml $(SOURCES) $(wildcard supervisor/*.go)
	$(MAKE) --no-print-directory layer MANIFEST=builder-config-full.yaml NAME=otelcol-lambda-full ARCHES=$*

build/bench/function/bootstrap: $(wildcard bench/function/*.go)
	$(BUILD) -o $@ ./bench/function

build/bench/nethttp build/bench/socket: build/bench/%: $(wildcard bench/floor/*/*.go)
	$(BUILD) -o $@ ./bench/floor/$*

build/bench/stock/stock: bench/stock.yaml
	$(OCB) --config $< --skip-compilation
	cd $(@D) && $(BUILD) -tags grpcnotrace -o $(@F) .
