# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

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
