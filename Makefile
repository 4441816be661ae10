# Everything is installed into .venv; nothing but Python >= 3.11, git and make is needed.
#   make demo    evaluate and explain the shipped definitions
#   make test    run all tests
#   make check   what a change must pass: test, lint, types
#   make bench   measure the engine beside others (installs them; some twenty minutes)

# The first Python that is new enough; say PYTHON=... to choose another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard flagengine/native/*.[ch])
DEFINITIONS := fixtures/snapshots/small.json
PERSON := --distinct-id user-8 --property country=DE

.PHONY: demo test lint types check bench clean
.DEFAULT_GOAL := check

demo: $(VENV)/.cli
	@set -e; run() { echo; echo "$$ flagengine $$*"; $(BIN)/flagengine "$$@"; }; \
	run --version; \
	run evaluate $(DEFINITIONS) $(PERSON); \
	run explain $(DEFINITIONS) pricing-page $(PERSON); \
	run explain $(DEFINITIONS) new-checkout $(PERSON)

test: $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.lint
	$(BIN)/mypy

check: test lint types

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks run
	$(BIN)/python -m benchmarks growth

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f flagengine/native/_accelerator*.so flagengine/native/_accelerator*.pyd
	find flagengine transports tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of extras: installed anew when the packaging or the C source changes.

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'No Python >= 3.11 found; say PYTHON=... where it is.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade pip

$(VENV)/.cli: EXTRAS = cli
$(VENV)/.test: EXTRAS = test
$(VENV)/.lint: EXTRAS = test,lint

$(VENV)/.cli $(VENV)/.test $(VENV)/.lint: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[$(EXTRAS)]'
	@touch $@

$(VENV)/.bench: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks requirements | xargs -n 1 $(BIN)/python -m pip install -qq \
		|| echo 'a rival that cannot be installed is a row less'
	@touch $@
