# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# make demo       build the layer, run a real function with it in the local emulator, show what arrived
# make test       every test, with the race detector
# make layer      dist/otelcol-lambda-{amd64,arm64}.zip; MANIFEST=… for another set of components
# make test-full  build the full layer and test what only it can do
# make test-manifest  build and test a layer with components of a user's own
# make validate   check a configuration on this machine: CONFIG=collector.yaml
# make soak       5,000 invocations with random faults and freezes; RACE=1 with the race detector in the collector
# make lint       go vet, staticcheck and golangci-lint with the import rules, in all modules
# make bench      measure start-up, latency and cost: bench/bench.mk
# make e2e        functions on the real runtimes; make e2e-clickhouse, make test-page: e2e/e2e.mk
# make publish    publish the layer in REGIONS; make release: layer/publish/publish.mk

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
PACKAGES  := bench/packages.txt
LIST_PACKAGES = (cd $(GENERATED) && CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go list -deps -tags '$(TAGS),distribution' -f '{{if not .Standard}}{{.ImportPath}}{{end}}' . | LC_ALL=C sort)
HOST_ARCH := $(shell go env GOHOSTARCH)
# What the layer's binaries are made from; tests need not be rebuilt for.
SOURCES   := $(shell find collector components distribution internal/awake internal/control internal/flushpolicy internal/jsonscan internal/lambdaapi -name '*.go' ! -name '*_test.go') go.mod go.sum

# Static, reproducible, without symbols (9 MB).
BUILD := CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags '-s -w -buildid='

.PHONY: demo test test-full soak layer lint fmt generate reproducible budget packages clean
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

dist/$(NAME)-%.zip: build/supervisor-% $(GENERATED)/collector-% $(GENERATED)/third-party-% LICENSE $(wildcard layer/*.go layer/internal/deflate/*.go)
	@mkdir -p dist
	go run ./layer -out $@ -supervisor build/supervisor-$* -collector $(GENERATED)/collector-$* \
		-third-party $(GENERATED)/third-party-$*

.PRECIOUS: build/supervisor-% $(GENERATED)/collector-% $(GENERATED)/third-party-%

# The simulator and the packer compute for minutes under the race detector: the only tests without it.
test: dist/$(NAME)-$(HOST_ARCH).zip
	go test -race $$(go list ./... | grep -v -e /cmd/flush-simulator -e /layer/internal/deflate)
	go test ./cmd/flush-simulator ./layer/internal/deflate

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
# types: 3-7 MB), the list of the packages that are not Go's own, and allocations per record. The sizes, and page faults
# and instructions until ready, are tests of layer/ and bench/.
budget: $(GENERATED)/main.go
	@cd $(GENERATED) && marks=$$(CGO_ENABLED=0 go build -tags '$(TAGS),distribution' -ldflags '-dumpdep' -o /dev/null . 2>&1 | grep -c ReflectMethod || true); \
	echo "ReflectMethod marks: $$marks of 0"; test "$$marks" -eq 0
	@$(LIST_PACKAGES) | diff -U0 $(PACKAGES) - || { echo 'The linked packages are not those of $(PACKAGES): make packages, and review the diff'; false; }
	@echo "packages linked: $$(wc -l < $(PACKAGES)), as listed"
	go test -run TestAllocations ./components/telemetryapireceiver ./components/exportbuffer ./internal/lambdaapi

# make packages writes the list anew.
packages: $(GENERATED)/main.go
	$(LIST_PACKAGES) > $(PACKAGES)

build/demo/bootstrap: $(wildcard examples/go-function/*.go)
	$(BUILD) -o $@ ./examples/go-function

# make demo ENDPOINT=https://… HEADERS='authorization=…' sends to your own backend.
demo: dist/$(NAME)-$(HOST_ARCH).zip build/demo/bootstrap
	go run ./cmd/lambda-emulator --layer dist/$(NAME)-$(HOST_ARCH).zip --function build/demo --report build/demo.html \
		--events examples/go-function/demo.jsonl $(if $(ENDPOINT),--endpoint '$(ENDPOINT)') $(if $(HEADERS),--headers '$(HEADERS)')

# All modules, ours first: the others import what it does. Go vet and staticcheck are among the linters.
LINT ?= . $$(dirname $$(git ls-files '*/go.mod'))

lint:
	@for module in $(LINT); do \
		echo "lint $$module" && (cd $$module && $(GOLANGCI_LINT) run ./...) || exit; done

fmt:
	gofmt -w $$(git ls-files '*.go')

clean:
	rm -rf build dist

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

include bench/bench.mk e2e/e2e.mk layer/publish/publish.mk

.PHONY: help

help:
	@sed -n 's/^# \(make [a-z0-9-]*  .*\)/\1/p' $(firstword $(MAKEFILE_LIST))
