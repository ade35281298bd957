# `make help` lists the targets. Each one sets up what it needs by itself and skips what is up to date.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

NODE := node_modules/.bin/node --conditions=@cluster-ipam/source
RUN := exec $(NODE) scripts/run/main.ts
SETUP := node_modules/.setup
BUILT := dist/.built
MANIFESTS := package.json pnpm-lock.yaml pnpm-workspace.yaml $(wildcard cmd/*/package.json packages/*/package.json test/*/package.json)
# Folders too, so that a removed file counts as a change.
SOURCES := $(shell find cmd packages scripts/build scripts/native \( -name node_modules -o -name dist \) -prune -o \( -type d -o -name '*.ts' -o -name '*.sh' -o -name '*.rs' -o -name '*.toml' -o -name crates.lock \) ! -name '*.test.ts' -print)

# $(call need,<shell test>,<what to say>): stops at once with one line.
need = $(if $(shell ($(1)) >/dev/null 2>&1 && echo yes),,$(error $(2)))
NODE_HINT := install Node.js 20 or newer with npm from https://nodejs.org/en/download
comma := ,
RUST_HINT := install Rust 1.88 or newer from https://rustup.rs and put ~/.cargo/bin on PATH
CC_HINT := install gcc and the C library's static files (Debian: gcc and libc6-dev)
DOCKER_HINT := install an engine (Debian: apt-get install docker.io) and start it$(comma) or let DOCKER_HOST name one
DEBOOTSTRAP_HINT := install it (Debian: apt-get install debootstrap)
GO_HINT := install Go 1.26 or newer from https://go.dev/dl and put its bin folder on PATH

.PHONY: help setup build images check test unit integration model chaos bench scale demo control-plane cluster cluster-test tools cluster-tools crates gen clean needs-npm needs-go needs-rust needs-root needs-docker

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(SETUP) ## install the pinned dependencies, Node.js 24 among them

build: needs-rust $(BUILT) ## put the executables into dist/bin

images: build ## container images (REGISTRY=<name> TAG=<tag> BASE=<image below> SOURCE=<address>); needs a Docker engine
	@REGISTRY='$(REGISTRY)' TAG='$(TAG)' BASE='$(BASE)' SOURCE='$(SOURCE)' REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" $(RUN) scripts/images/main.ts

check: needs-rust $(SETUP) ## types, lint, format, dead exports, generated files, texts
	@$(RUN) scripts/check/main.ts

test: needs-root needs-go needs-rust $(SETUP) build tools ## unit and integration tests, model, short chaos; coverage gate (root)
	@$(RUN) scripts/test/main.ts unit integration model chaos

unit: needs-go needs-rust $(SETUP) build ## unit tests only (ARGS=<path> for some of them)
	@$(RUN) scripts/test/main.ts unit $(if $(ARGS),-- $(ARGS))

integration: needs-root needs-go needs-rust $(SETUP) build tools ## tests on a real API server and real CNI plugins (root)
	@$(RUN) scripts/test/main.ts integration $(if $(ARGS),-- $(ARGS))

model: $(SETUP) ## every promise under random faults (SEEDS=<number> or <from>-<to>)
	@$(RUN) test/model/src/main.ts $(SEEDS)

chaos: needs-root needs-go needs-rust $(SETUP) build tools ## real programs killed, cut off and out of disk, 20 min (root; SEED=<number>)
	@$(RUN) test/chaos/src/main.ts $(SEED)

bench: needs-root needs-go needs-rust $(SETUP) build tools ## ADD against raw requests and host-local (root)
	@$(RUN) test/bench/src/main.ts

scale: needs-root needs-go needs-rust $(SETUP) build tools ## 100,000 leases in 50 pools: ADD against 1,000, and the controller (root)
	@$(RUN) test/bench/src/scale/main.ts

demo: needs-root needs-go needs-rust $(SETUP) build tools ## duplicates with host-local, none with ours (root; KEEP=1: leave it)
	@$(RUN) test/integration/src/bin/demo.ts

cluster: needs-root needs-docker needs-go needs-rust $(SETUP) build cluster-tools ## three real nodes with the chart (root, Docker; KEEP=1: leave them)
	@$(RUN) test/cluster/src/bin/cluster.ts

control-plane: needs-go $(SETUP) tools ## an API server with the CRDs until Ctrl-C
	@$(RUN) test/integration/src/bin/control-plane.ts

tools: needs-go $(SETUP) ## build etcd, kube-apiserver, the CNI plugins and helm (minutes at first)
	@exec $(NODE) scripts/tools/main.ts

cluster-test: needs-root needs-docker needs-go needs-rust $(SETUP) build cluster-tools ## three real kubelets in containers, the chart installed (root, Docker; MULTUS_BIN=<path>)
	@$(RUN) scripts/test/main.ts cluster $(if $(ARGS),-- $(ARGS))

cluster-tools: needs-go $(SETUP) tools ## build kubelet, containerd and the rest of a cluster (minutes at first)
	@exec $(NODE) scripts/tools/main.ts cluster

crates: needs-rust $(SETUP) ## choose the newest crates for the plugin's host
	@$(RUN) scripts/native/main.ts

gen: $(SETUP) ## write the custom resource definitions, and what of the chart is made from other files
	@$(NODE) packages/api/src/gen/main.ts
	@exec $(NODE) scripts/chart/main.ts

clean: ## remove what build and test made (ALL=1: tools and packages too)
	rm -rf dist coverage .cache/reports .cache/native cmd/*/native/Cargo.lock cmd/*/dist packages/*/dist test/*/dist *.tsbuildinfo
	$(if $(ALL),rm -rf .cache node_modules cmd/*/node_modules packages/*/node_modules test/*/node_modules)

$(SETUP): $(MANIFESTS) scripts/setup | needs-npm
	@scripts/setup
	@touch $@

$(BUILT): $(SETUP) $(SOURCES) | needs-rust
	@exec $(NODE) scripts/build/main.ts
	@touch $@

needs-npm:
	$(call need,command -v npm && command -v node,npm is missing: $(NODE_HINT))

needs-go:
	$(call need,command -v go,Go is missing: $(GO_HINT))

needs-rust:
	$(call need,command -v cargo,Rust is missing: $(RUST_HINT))
	$(call need,command -v cc,a C compiler is missing: $(CC_HINT))

needs-root:
	$(call need,[ "$$(id -u)" = 0 ],this target makes network namespaces$(comma) which needs root: run it with sudo)

needs-docker:
	$(call need,docker version,no Docker engine answers: $(DOCKER_HINT))
	$(call need,command -v debootstrap,debootstrap is missing: $(DEBOOTSTRAP_HINT))
