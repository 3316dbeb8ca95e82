# Everything that needs no knowledge of Python. PYTHON picks another interpreter: make test PYTHON=python3.13
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint audit bench dashboards pictures tools lock clean

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

bench: .venv/dev  ## ratios against prometheus_client, from one run
	$(BIN)/python -m tests.bench

dashboards: .venv/dev  ## write grafana/dashboards from grafana/*.py
	$(BIN)/python -m grafana

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

PIN = $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links
lock:  ## pin the newest versions that pyproject.toml allows, with their hashes
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) uv
	$(PIN) -o requirements.lock pyproject.toml
	$(PIN) --extra dev -o requirements-dev.lock pyproject.toml
	$(PIN) --group build -o requirements-build.lock

clean:
	rm -rf .venv .tools build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
