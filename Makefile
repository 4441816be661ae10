# Everything is installed into .venv; nothing but Python >= 3.11, git and make is needed.
#   make demo      evaluate and explain the shipped definitions
#   make quick     run all tests but the slow ones
#   make test      run all tests
#   make check     what a change must pass: test, lint, types
#   make coverage  run all tests, and fail where too little of the code was reached
#   make docs      build the site into build/site, and check its links
#   make nightly   try many examples that nobody has tried before
#   make soak      ask a server a million times while its definitions change, and by a million people
#   make mutants   break the code in many places, and list what no test notices
#   make scoreboard  run the official SDKs on the conformance kit (installs them), and write the page
#   make clients   ask the server with the SDKs of others (installs them), and write the page
#   make counted   count the instructions of five calls, and compare them with the baseline
#   make bench     measure the engine beside others (installs them; some twenty minutes)

# The first Python that is new enough; say PYTHON=... to choose another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard flagengine/native/*.[ch])
DEFINITIONS := fixtures/snapshots/small.json
PERSON := --distinct-id user-8 --property country=DE

# As many processes as there are processors; the tests of one file share a process.
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Most of the time goes into these: examples, other engines, wheels, threads, killed processes.
SLOW := properties differential packaging faults simulation accelerator concurrency architecture/test_purity.py \
	batch/test_equals_scalar.py batch/test_native.py cli/test_process.py transports/test_processes.py \
	transports/client/test_processes.py unit/test_plain_flag_lifetime.py
QUICK := $(addprefix --ignore=tests/,$(SLOW)) -m 'not slow' --evaluators=SINGLE,TABLE_AMONG
WITHOUT_ACCELERATOR := --without-accelerator tests/unit tests/conformance tests/cli
MEASURED := --cov --cov-report=
EXPLORED := tests/properties tests/batch tests/differential tests/transports tests/unit

.PHONY: demo quick test coverage floors docs nightly soak mutants lint types check counted scoreboard clients bench clean
.DEFAULT_GOAL := check

demo: $(VENV)/.cli
	@set -e; run() { echo; echo "$$ flagengine $$*"; $(BIN)/flagengine "$$@"; }; \
	run --version; \
	run evaluate $(DEFINITIONS) $(PERSON); \
	run explain $(DEFINITIONS) pricing-page $(PERSON); \
	run explain $(DEFINITIONS) new-checkout $(PERSON)

test: $(VENV)/.test
	$(PYTEST) $(PYTEST_OPTIONS)

quick: $(VENV)/.test
	HYPOTHESIS_PROFILE=quick $(PYTEST) $(QUICK) $(PYTEST_OPTIONS)

coverage: $(VENV)/.test
	$(PYTEST) $(MEASURED) $(PYTEST_OPTIONS)
	$(PYTEST) $(MEASURED) --cov-append $(WITHOUT_ACCELERATOR)
	$(MAKE) floors

# Compares what the tests have reached, in .coverage, with what they must reach.
floors: $(VENV)/.test
	$(BIN)/python -m tests.coverage_floors

# Fails for a warning, for a link that leads nowhere, and for anything that a page would fetch from elsewhere.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet -f docs/site/mkdocs.yml
	$(BIN)/python docs/site/check.py build/site

nightly: $(VENV)/.test
	HYPOTHESIS_PROFILE=nightly $(PYTEST) --dist load -m hypothesis $(EXPLORED) $(PYTEST_OPTIONS)
	$(BIN)/python -m tests.differential.rules_v2_draws --draws 100000 --seed $$(date +%s)

soak: $(VENV)/.test
	$(BIN)/python tests/faults/serve_day.py
	$(BIN)/python tests/faults/serve_changes.py 100000 100 --sockets
	$(BIN)/python tests/faults/serve_changes.py
	$(BIN)/python tests/faults/serve_people.py

mutants: $(VENV)/.mutation
	$(BIN)/python -m tests.mutation $(MUTANTS)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.lint
	$(BIN)/mypy

check: test lint types

# posthog-node is left out where there is no npm.
scoreboard: $(VENV)/.test
	$(INSTALL) --group differential
	@if command -v npm >/dev/null; then npm install --silent --prefix build/scoreboard posthog-node@5.70.0 && \
	$(BIN)/python fixtures/kit/scoreboard.py --node-modules build/scoreboard; \
	else echo 'no npm: without posthog-node'; $(BIN)/python fixtures/kit/scoreboard.py; fi

# Needs npm and, for those clients, chromium, and ruby with ruby-concurrent and POSTHOG_RUBY=... (a checkout of
# posthog-ruby); says what is missing, and leaves the page's rows of such clients as they are.
clients: $(VENV)/.clients
	$(BIN)/python -m tests.clients.table
	$(BIN)/python -m pytest tests/clients

# Needs valgrind; says so without. After a change that is meant to cost or save something:
# make counted COUNTED=--update
counted: $(VENV)/.test
	$(BIN)/python -m benchmarks.instructions $(COUNTED)

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks run
	$(BIN)/python -m benchmarks growth

clean:
	rm -rf $(VENV) $(CLIENTS)/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .mutants
	rm -f flagengine/native/_accelerator*.so flagengine/native/_accelerator*.pyd
	find flagengine transports tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of needs: installed anew when the packaging or the C source changes. Groups
# (PEP 735) need pip 25.1 or newer.
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'No Python >= 3.11 found; say PYTHON=... where it is.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip

$(VENV)/.cli: NEEDS = -e '.[cli]'
$(VENV)/.test: NEEDS = -e '.[all]' --group test
$(VENV)/.lint: NEEDS = -e '.[all]' --group test --group lint
$(VENV)/.mutation: NEEDS = -e '.[all]' --group test --group mutation
$(VENV)/.docs: NEEDS = -e . --group docs

$(VENV)/.cli $(VENV)/.test $(VENV)/.lint $(VENV)/.mutation $(VENV)/.docs: $(SOURCES) | $(BIN)/python
	$(INSTALL) $(NEEDS)
	@touch $@

CLIENTS := tests/clients/node
$(VENV)/.clients: $(SOURCES) $(CLIENTS)/package-lock.json | $(VENV)/.test
	$(INSTALL) --group differential
	@if command -v npm >/dev/null; then npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --silent; \
	else echo 'no npm: without the clients for JavaScript'; fi
	@touch $@

$(VENV)/.bench: $(SOURCES) | $(BIN)/python
	$(INSTALL) -e '.[all]' --group bench
	$(BIN)/python -m benchmarks requirements | xargs -n 1 $(INSTALL) \
		|| echo 'a rival that cannot be installed is a row less'
	@touch $@
