# FleetOps: the two commands that matter are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CONFIGURATION ?= Debug

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-20s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## Set everything up, serve the demo model on a real Kubernetes and ask it a question
	@deploy/local/demo

.PHONY: demo-down
demo-down: ## Remove everything that `make demo` started, and only that
	@deploy/local/demo-down

.PHONY: test
test: ## Set everything up and run every test, cluster and end-to-end tests included
	@tests/run

.PHONY: test-unit
test-unit: ## Run the tests that need neither a cluster nor an API server
	@tests/run --unit

# Not part of `make test`: it needs minutes, and what it looks for comes in with changes of the shim only.
.PHONY: test-sanitized
test-sanitized: ## Run the tests of the native binding with a shim that AddressSanitizer watches over
	@dotnet build tests/FleetOps.LlamaCpp.Tests -c $(CONFIGURATION) --disable-build-servers -v quiet -clp:NoSummary
	@inference-worker/native/cuda-stubs >/dev/null
	@inference-worker/native/shim-sanitized run tests/FleetOps.LlamaCpp.Tests/bin/$(CONFIGURATION)/net10.0/FleetOps.LlamaCpp.Tests --progress off --no-ansi

# FLAGS chooses, as in `make bench-operator FLAGS='--only burst --runs 1 --jit'`; FLAGS=--help tells the rest.
benchmarks = tests/FleetOps.Benchmarks/bin/Release/net10.0/FleetOps.Benchmarks

.PHONY: bench-build
bench-build:
	@dotnet build tests/FleetOps.Benchmarks -c Release --disable-build-servers -v quiet -clp:NoSummary

.PHONY: bench
bench: bench-operator bench-worker bench-weights ## Measure everything; tables and JSON files go to artifacts/bench

.PHONY: bench-operator
bench-operator: bench-build ## Measure the operator, planner included, with a real etcd and kube-apiserver (half an hour)
	@$(benchmarks) operator $(FLAGS)

.PHONY: bench-worker
bench-worker: bench-build ## Measure the worker against llama-server and llama-batched-bench of the same llama.cpp (half an hour)
	@$(benchmarks) worker $(FLAGS)

.PHONY: bench-weights
bench-weights: bench-build ## Measure how fast the worker fetches and verifies 5 GiB from loopback, against curl (two minutes)
	@$(benchmarks) weights $(FLAGS)

.PHONY: bench-planner
bench-planner: bench-build ## Measure the planner alone (two minutes)
	@$(benchmarks) planner

# SOAK_SECONDS=60 is a short one; SOAK_SEED chooses another mix.
SOAK_SECONDS ?= 3600
SOAK_SEED ?= 1

.PHONY: soak
soak: bench-build ## Ask a worker for everything at random for an hour; nothing may leak, grow or be answered wrongly
	@$(benchmarks) soak --seconds $(SOAK_SECONDS) --seed $(SOAK_SEED)

.PHONY: build
build: ## Build the solution
	dotnet build FleetOps.sln -c $(CONFIGURATION) --disable-build-servers

.PHONY: format
format: ## Fail when a file is not formatted as .editorconfig says
	dotnet format FleetOps.sln --verify-no-changes

.PHONY: crds
crds: ## Generate the CustomResourceDefinitions from the types of FleetOps.Api
	dotnet run --project operator/FleetOps.CrdGenerator -- charts/fleetops deploy/crds

.PHONY: chart-docs
chart-docs: ## Write the tables in the READMEs of the charts from their values and the catalogue
	@charts/docs

.PHONY: dashboards
dashboards: ## Copy the dashboards and the alert rules into the chart, which can read no file outside of itself
	rm -rf charts/fleetops/files/dashboards charts/fleetops/files/rules
	mkdir -p charts/fleetops/files
	cp -r deploy/grafana/dashboards deploy/prometheus/rules charts/fleetops/files/

.PHONY: images
images: ## Build the operator and worker images into artifacts/images
	@deploy/images/build operator
	@deploy/images/build worker

.PHONY: image-worker-cuda
image-worker-cuda: ## Build the CUDA 12 worker image (about 1 GB; never part of `make test`)
	@deploy/images/build worker-cuda

.PHONY: cluster-up
cluster-up: ## Start the local Kubernetes (or bring it back)
	@deploy/local/cluster up

.PHONY: cluster-down
cluster-down: ## Stop the local Kubernetes and remove its state
	@deploy/local/cluster down

.PHONY: model
model: ## Train the demo model again (about 20 minutes)
	@deploy/models/demo/train

.PHONY: clean
clean: ## Remove build outputs; caches in ~/.cache/fleetops stay
	rm -rf artifacts
	find operator inference-worker tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
