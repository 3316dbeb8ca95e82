# Everything that needs no knowledge of Python. PYTHON picks another interpreter: make test PYTHON=python3.13
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint audit sbom bench dashboards manifests pictures tools lock clean

demo: .venv/runtime  ## the service on a simulated organization
	$(BIN)/anthropic-exporter demo --config.file=deploy/demo/demo.yml

test: .venv/dev  ## all tests; real tools that are missing are skipped
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

lint: .venv/dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

ADVISORIES ?= advisories.zip
audit: .venv/dev  ## what is pinned against the advisories in ADVISORIES: see deploy/SECURITY.md
	$(BIN)/python -m tests.supply $(ADVISORIES)

sbom: build/tools/installed build/runtime/installed  ## what runs, as CycloneDX, in build/sbom.json
	version=$$($(PYTHON) -c 'import exporter; print(exporter.__version__)') && \
	  sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml > build/pyproject.toml
	build/tools/bin/cyclonedx-py environment --pyproject build/pyproject.toml --output-reproducible --validate \
	  --output-file build/sbom.json build/runtime

bench: .venv/dev  ## every target of speed and memory, from one run: needs nginx-light, prometheus, wrk
	$(BIN)/python -m tests.bench

dashboards: .venv/dev  ## write grafana/dashboards from grafana/*.py
	$(BIN)/python -m grafana

manifests: .venv/dev tools  ## write deploy/kubernetes from deploy/helm
	$(BIN)/python -m tests.helm .tools/bin/helm4

RENDERER ?= ../shared/tools/dashboard-render
pictures: .venv/dev dashboards  ## draw them over a simulated organization: needs prometheus, chromium, node, and RENDERER
	$(BIN)/python -m tests.pictures $(RENDERER)

tools:  ## real tools that Debian's release has not, under .tools/
	.ci/tools

PIP_INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check
.venv/runtime: requirements.lock requirements-build.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: requirements-dev.lock requirements-build.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock -r requirements-build.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	touch $@ .venv/runtime

build/tools/installed: requirements-release.lock
	$(PYTHON) -m venv --clear build/tools
	build/tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-release.lock
	touch $@

build/runtime/installed: build/tools/installed requirements.lock
	$(PYTHON) -m venv --clear --without-pip build/runtime
	build/tools/bin/pip --python build/runtime install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

PIN = $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links
lock:  ## pin the newest versions that pyproject.toml allows, with their hashes
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) uv
	$(PIN) -o requirements.lock pyproject.toml
	$(PIN) --extra dev -o requirements-dev.lock pyproject.toml
	$(PIN) --group build -o requirements-build.lock
	$(PIN) --group release -o requirements-release.lock

clean:
	rm -rf .venv .tools .fuzz build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
