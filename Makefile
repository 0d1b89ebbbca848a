# What people call: `make demo`, `make test`. Everything that is made or fetched stays below target/ and .tools/.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

KRMOR ?= target/release/krmor
ENV ?= dev
APP ?= antwort
# What `make deploy` hands the objects to; `make deploy APPLY=cat` only prints them.
APPLY ?= kubectl apply -f -
HOME_OF_PLUGINS := $(CURDIR)/.tools/plugins
OVERLAY = examples/$(APP)/overlays/$(ENV)
# What is not asked for is every one.
asked = $(if $(filter file,$(origin $(1))),*,$($(1)))
OVERLAYS = $(wildcard examples/$(call asked,APP)/overlays/$(call asked,ENV))

# Tests read files, print, and fail by unwrapping.
LENIENT := $(addprefix -A clippy::,pedantic disallowed_methods expect_used indexing_slicing print_stdout print_stderr unwrap_used)

.PHONY: build argocd-cmp demo graphs modules test test-all test-callers test-cluster test-helm test-image test-npm test-todo test-wasm runner cluster-up cluster-down wasm npm lint audit bench bench-wasm deploy dist image plugins validate-k8s

build: ## krmor, optimised
	cargo build --release --locked

target/release/krmor:
	cargo build --release --locked

plugins: $(KRMOR) ## a plugin home for kustomize, in this checkout
	@$(KRMOR) install kustomize --home $(HOME_OF_PLUGINS) >/dev/null

demo: build ## stock kustomize renders the example, hardened; then what was injected, and why
	@tests/tools/demo

deploy: plugins ## render examples/APP/overlays/ENV and apply it
	@test -d $(OVERLAY) || { echo "there is no $(OVERLAY)" >&2; exit 1; }
	@echo "kustomize build --enable-alpha-plugins $(OVERLAY) | $(APPLY)" >&2
	@rendered=$$(KUSTOMIZE_PLUGIN_HOME=$(HOME_OF_PLUGINS) "$$(tests/tools/get kustomize)" build --enable-alpha-plugins $(OVERLAY)); \
	$(APPLY) <<<"$$rendered"

validate-k8s: plugins ## yamllint on the sources; krmor check and kubeconform on what examples/APP/overlays/ENV, or all, render to
	@KRMOR=$(KRMOR) KUSTOMIZE_PLUGIN_HOME=$(HOME_OF_PLUGINS) tests/tools/validate-k8s $(OVERLAYS)

TARGETS := wasm32-wasip1 wasm32-unknown-unknown

wasm: ## target/wasm/krmor.wasm (WASI) and krmor-kpt.wasm (kpt --allow-alpha-wasm)
	@tests/tools/wasm krmor krmor-kpt

npm: ## target/npm: the npm package for Node and browsers, and its tarball
	@tests/tools/npm

graphs: ## examples/*/topology.svg: the picture of each example, by its overlay `production` or its first one
	UPDATE=1 cargo test --locked --test fast graph::the_pictures_of_the_examples

modules: ## who uses whom among the packages and their modules; fails on a circle
	@tests/tools/modules

lint: ## formatting and clippy (pedantic)
	cargo fmt --all --check
	cargo clippy --locked --workspace --lib --bins -- -D warnings
	cargo clippy --locked --lib --bins --features wasm-runner -- -D warnings
	cargo clippy --locked --workspace --all-targets -- -D warnings $(LENIENT)
	cargo clippy --locked --test callers --test cluster --test image --test npm --test runner --test wasm -- -D warnings $(LENIENT)
	rustup target add $(TARGETS) >/dev/null 2>&1
	cargo clippy --locked --no-default-features --lib --bins --target wasm32-wasip1 -- -D warnings
	cargo clippy --locked --no-default-features --features kpt --lib --target wasm32-unknown-unknown -- -D warnings
	cargo clippy --locked --no-default-features --features web --lib --target wasm32-unknown-unknown -- -D warnings

audit: ## known vulnerabilities of the dependencies; needs the network
	tests/tools/deny advisories

test: ## every test that needs no cluster; all of them, also when one fails
	@failed=; \
	$(MAKE) --no-print-directory lint || failed="$$failed lint"; \
	tests/tools/modules >/dev/null || failed="$$failed modules"; \
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet || failed="$$failed doc"; \
	cargo test --locked --workspace --doc --no-fail-fast || failed="$$failed doctests"; \
	cargo test --locked --workspace --lib --bins --tests --no-fail-fast || failed="$$failed tests"; \
	if [ -n "$$failed" ]; then echo "make test: these failed:$$failed" >&2; exit 1; fi

runner: ## target/runner/krmor: krmor with the engine that `krmor wasm run` needs
	cargo build --locked --profile runner --features wasm-runner

test-wasm: wasm npm runner image ## one core in every host: the same bytes, sizes, failures; needs node and Chromium
	cargo test --locked --test npm --test runner --test wasm -- --nocapture

test-npm: npm ## the npm package as it is installed: README, types, Chromium, failures, secrets
	cargo test --locked --test npm -- --nocapture

test-callers: image ## stock kustomize, kubectl, kpt, Helm 3 and 4, Argo CD's servers, containers: one table, and what each of them hides; not in test-all
	tests/tools/engine cargo test --locked --test callers -- --nocapture --test-threads 1

test-helm: ## of the callers, both Helms and pipes: what needs no Argo CD
	cargo test --locked --test callers -- helm:: todo:: render::

argocd-cmp: ## target/argocd-cmp: what the sidecar's Dockerfile for Argo CD copies
	@tests/tools/argocd-cmp

cluster-up: ## a control plane on this machine, with kwok's nodes; prints its kubeconfig
	@tests/cluster/up

cluster-down: ## ends it
	@tests/cluster/down

test-cluster: ## every example on a real control plane; one that is up already stays up
	@[ -e .tools/cluster/run/kubeconfig ] || trap tests/cluster/down EXIT; cargo test --locked --test cluster

test-todo: ## the programs of examples/todo as built, with a real PostgreSQL, Chromium and Prometheus
	examples/todo/test

test-all: ## everything CI runs: also licences and sources of the dependencies, the oldest Rust, the cluster, the image, WASM
	@tests/tools/test-all

image: ## the container image without an engine: an OCI layout in target/image, its SBOM beside it; prints the digest
	@tests/tools/image

dist: ## target/dist: static binaries for linux amd64 and arm64, their sums, the SBOM
	@tests/tools/dist

test-image: ## the image: reproducible, small, the same bytes as natively in a real engine and under stock kustomize
	tests/tools/engine cargo test --locked --test image

bench: build ## krmor beside a Go function on kyaml, as ratios; then how each function grows
	tests/bench/run
	tests/bench/growth/run

bench-wasm: build runner wasm npm ## every host of the core beside the native krmor: start-up, cost of a resource, sizes
	tests/bench/wasm/run
