# Everything a change needs, one word each; bare `make` lists them.
# Wants only git, make and a Python >= 3.11 with pip and venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
BIN    := .venv/bin
READY  := .venv/.ready
# Half as many again as there are processors: many tests wait, for the disk or for programs.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n + (n + 1) / 2)))
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup
# Domain and application are covered by their own tests, and by those of what only an engine shows.
# To trace the others too would cost a fifth of their time.
MEASURED = $(addprefix tests/,domain application contracts properties schema journeys \
             $(addprefix infrastructure/,postgres sqlite statistics operations test_in_transaction.py))
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input \
          --constraint constraints.txt

.PHONY: help setup browser terminal demo whatif test lint types architecture cover mutants soak bench schemas \
        screenshots format build clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with plangate (editable) and its tools, once

# The build backend goes in first, pinned like all else, and is used as it is:
# an isolated build would fetch another one past the constraints.
$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "plangate needs Python 3.11 or newer; no '$(PYTHON)' was found. Name yours: make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "plangate needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Name another: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

demo: $(READY) ## walk through a plan on a fresh SQLite file, build/demo.db
	@mkdir -p build
	@rm -f build/demo.db build/demo.db-wal build/demo.db-shm
	@$(BIN)/plangate --db build/demo.db demo

TRACE ?= examples/trace.jsonl

whatif: $(READY) ## try the policy `steady` on a trace: make whatif TRACE=FILE; pictures in build/
	@mkdir -p build
	@rm -f build/whatif.db build/whatif.db-wal build/whatif.db-shm
	@$(BIN)/plangate --db build/whatif.db apply "$(TRACE)"
	@$(BIN)/plangate --db build/whatif.db replay what-if --all --policy steady --plot build/whatif.svg
	@$(BIN)/plangate --db build/whatif.db replay sweep --all --policy steady --grid consecutive_lows=1,2,3,4 \
	    --grid confidence_threshold=0.4:0.75:0.05 --plot build/sweep.svg

test: lint types architecture ## be sure: lint, types, architecture, every test, full coverage
	@$(PYTEST) --cov --cov-report=term $(MEASURED)
	@$(PYTEST) $(addprefix --ignore=,$(MEASURED))

lint: $(READY) ## ruff: rules and formatting
	@$(BIN)/ruff check --quiet --output-format=concise .
	@$(BIN)/ruff format --check --quiet . || { echo "Formatting differs: run make format" >&2; exit 1; }

types: $(READY) ## mypy, strict
	@$(BIN)/mypy --no-error-summary

# Only a broken contract is worth reading.
architecture: $(READY) ## import-linter: who may import whom
	@report=$$($(BIN)/lint-imports --no-logo --cache-dir build/import-linter 2>&1) || { echo "$$report"; exit 1; }

cover: $(READY) ## branch coverage of domain and application, line by line in build/coverage
	@$(PYTEST) --cov --cov-report=term --cov-report=html:build/coverage $(MEASURED)

mutants: $(READY) ## mutation score of domain/, at least 95% (docs/mutants.md)
	@rm -rf mutants
	@mkdir -p build
	@$(BIN)/mutmut run >build/mutants.log 2>&1 || { tail -n 40 build/mutants.log; exit 1; }
	@$(BIN)/mutmut results
	@$(BIN)/mutmut export-cicd-stats >/dev/null
	@$(BIN)/python -c 'import json; s = json.load(open("mutants/mutmut-cicd-stats.json")); \
	    caught = s["killed"] + s["timeout"]; \
	    print("{} of {} mutants caught: {:.1%}".format(caught, s["total"], caught / s["total"])); \
	    raise SystemExit(caught < 0.95 * s["total"])'

soak: $(READY) ## the long tests
	@$(BIN)/python -m pytest -q -m soak --timeout=0

ARGS ?=

bench: $(READY) ## measure speed beside its limit and its alternatives: make bench ARGS='--quick'
	@$(BIN)/python -m benchmarks $(ARGS)

# The tests of the pages are skipped without one.
browser: $(READY) ## make sure of a browser for the tests: install Chromium where that is allowed
	@if $(BIN)/python -m tests.support.browsers >/dev/null; then exit 0; fi; \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	    fi; \
	    $(BIN)/python -m tests.support.browsers >&2

terminal: ## make sure of tmux for the tests: install it where that is allowed
	@command -v tmux >/dev/null && exit 0; \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && apt-get install -y -qq --no-install-recommends tmux >/dev/null; \
	    fi; \
	    command -v tmux >/dev/null || { echo "no tmux: install it, or run make terminal as root" >&2; exit 1; }

screenshots: $(READY) ## make the pictures of the dashboard and of reports in docs/pictures anew
	@$(BIN)/python -m tests.support.screenshots

schemas: $(READY) ## write docs/schemas anew from the event classes
	@$(BIN)/python -m tests.support.schemas

format: $(READY) ## let ruff mend what it can and lay out the rest
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

# setuptools packs whatever an earlier build left in build/lib.
build: $(READY) ## make the wheel in dist/
	@rm -rf build/lib build/bdist.* dist
	@mkdir -p build
	@$(BIN)/pyproject-build --wheel --no-isolation . >build/wheel.log 2>&1 || { cat build/wheel.log; exit 1; }
	@ls dist/*.whl

clean: ## remove all that was made, the environment included
	@rm -rf .venv build dist mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@rm -rf .coverage .coverage.* *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
