# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# Installs what the package e2e runs, from the package registries, in the versions of the lock files: for each language
# build/e2e/NAME/task, the deployment package, and build/e2e/NAME/opt, the language's layer. Run from the root, by `make e2e`.

F   := e2e/functions
OUT := $(CURDIR)/build/e2e

# Where the headers of Node.js are, if it has brought them: node-gyp downloads them otherwise.
NODE_PREFIX  := $(shell node -p 'path.dirname(path.dirname(process.execPath))' 2>/dev/null)
NODE_HEADERS := $(if $(wildcard $(NODE_PREFIX)/include/node/node.h),npm_config_nodedir=$(NODE_PREFIX))

.PHONY: all tools node python java go rust shell
.DELETE_ON_ERROR:

all: node python java go rust shell

tools:
	@for tool in node npm cmake g++ python3 java javac mvn cargo curl; do \
		command -v $$tool >/dev/null || { echo "make e2e: $$tool is not installed" >&2; exit 1; }; done
	@mkdir -p $(foreach name,node python java go rust shell,$(OUT)/$(name)/task $(OUT)/$(name)/opt)

node: $(OUT)/node/installed | tools
	cp $(F)/node/bootstrap $(F)/node/index.js $(OUT)/node/task/
	cp $(F)/node/layer/* $(OUT)/node/opt/

$(OUT)/node/installed: $(F)/node/package-lock.json | tools
	@echo 'node: npm is silent while it compiles the native part of the runtime client: 2 minutes or more'
	mkdir -p $(OUT)/node/opt/nodejs/bin
	cp $(F)/node/package.json $(F)/node/package-lock.json $(OUT)/node/opt/nodejs/
	cd $(OUT)/node/opt/nodejs && $(NODE_HEADERS) npm ci --no-audit --no-fund --loglevel=error
	ln -sf $$(ls -d $(OUT)/node/opt/nodejs/node_modules/node-linux-*/bin/node) $(OUT)/node/opt/nodejs/bin/node
	touch $@

python: $(OUT)/python/installed | tools
	cp $(F)/python/bootstrap $(F)/python/function.py $(OUT)/python/task/
	cp $(F)/python/layer/* $(OUT)/python/opt/

$(OUT)/python/installed: $(F)/python/requirements.txt | tools
	rm -rf $(OUT)/python/opt/python
	python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --require-hashes \
		--target $(OUT)/python/opt/python -r $<
	touch $@

java: $(OUT)/java/installed | tools
	cp $(F)/java/bootstrap $(OUT)/java/task/
	cp $(F)/java/layer/* $(OUT)/java/opt/

$(OUT)/java/installed: $(F)/java/pom.xml $(F)/java/src/main/java/e2e/Handler.java | tools
	cd $(F)/java && mvn --batch-mode --no-transfer-progress package -Dbuild=$(OUT)/java
	javac --release 17 -cp '$(OUT)/java/task/lib/*' -d $(OUT)/java/task/classes $(F)/java/src/main/java/e2e/Handler.java
	touch $@

go: | tools
	cd $(F)/go && CGO_ENABLED=0 go build -o $(OUT)/go/task/bootstrap .

# Without optimisation: 1.5 minutes.
rust: | tools
	cd $(F)/rust && CARGO_TARGET_DIR=$(OUT)/rust/target cargo build --release --locked
	cp $(OUT)/rust/target/release/bootstrap $(OUT)/rust/task/

shell: | tools
	cp $(F)/shell/bootstrap $(OUT)/shell/task/
