# Needs Python 3.11 or newer and the network, once. Everything else is installed into .venv, at the pinned versions.
#
#   make serve ARGS="--port 9000"        make test ARGS="-k clock"
#   make test PYTHON=/opt/python3.13/bin/python VENV=.venv313        in an environment of its own, beside the usual one

VENV ?= .venv
ARGS ?=
UV ?= uv==0.13.9

# Looked up only when an environment is made. A name on the path may be a stand-in for a Python that is not there,
# so each one is run before it is believed.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$each" && break; done)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Compiled code is kept whatever the environment says: without it the tests start three times slower.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help serve test test-slow lint format types check openapi schema default summaries docs messages lock upgrade clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

serve: $(VENV)/.package ## start the server
	@exec $(BIN)/mockserver serve $(ARGS)

test: $(VENV)/.dev ## run the tests, on every core
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-slow: $(VENV)/.dev ## run the long forms of the tests
	@$(BIN)/python -m pytest -n auto -m slow $(ARGS)

lint: $(VENV)/.dev ## check style, formatting and which module imports which
	@failed=0; for each in "ruff check" "ruff format --check" "lint-imports --no-logo"; do \
		$(BIN)/$$each || failed=1; done; exit $$failed

format: $(VENV)/.dev ## mend style and formatting in place
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

types: $(VENV)/.dev ## check types, strictly
	@$(BIN)/mypy

check: lint types test ## lint, types and test

openapi: $(VENV)/.package ## write the OpenAPI documents anew
	@for each in $$($(BIN)/python -c 'from mockserver.openapi import names; print(*names())'); do \
		$(BIN)/mockserver openapi --yaml $$each >openapi/$$each.yaml || exit 1; done

schema: $(VENV)/.package ## write the JSON Schema of scenario files anew
	@$(BIN)/mockserver schema >mockserver/scenario.schema.json

default: $(VENV)/.dev ## write the default scenario out as Python anew, which servers start from
	@$(BIN)/python -m mockserver.scenario.written_out
	@$(BIN)/ruff format --quiet mockserver/scenario/default.py

summaries: $(VENV)/.dev ## write out anew what a server knows of a provider before it loads it
	@$(BIN)/python -m mockserver.providers.write_summaries
	@$(BIN)/ruff format --quiet mockserver/providers/summaries.py

docs: $(VENV)/.package ## write the generated parts of the documents anew
	@$(BIN)/python docs/generate.py

messages: $(VENV)/.package ## print every message of the code, to be read
	@$(BIN)/python docs/messages.py $(ARGS)

# The development lock is solved first and the others start from its answers, so that the three agree.
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

lock: ## pin anew what pyproject.toml asks for, changing as little as possible
	@set -e; $(CHECK_PYTHON); tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	"$$python" -m venv "$$tmp"; \
	"$$tmp/bin/python" -m pip --disable-pip-version-check install --quiet "$(UV)"; \
	cp requirements/dev.lock "$$tmp" 2>/dev/null || true; \
	"$$tmp/bin/uv" $(COMPILE) $(LOCK) --group dev -o "$$tmp/dev.lock" pyproject.toml requirements/build.in; \
	cp "$$tmp/dev.lock" "$$tmp/run.lock"; "$$tmp/bin/uv" $(COMPILE) -o "$$tmp/run.lock" pyproject.toml; \
	cp "$$tmp/dev.lock" "$$tmp/build.lock"; "$$tmp/bin/uv" $(COMPILE) -o "$$tmp/build.lock" requirements/build.in; \
	cp "$$tmp"/*.lock requirements

upgrade: ## pin the newest versions of everything
	@$(MAKE) --no-print-directory lock LOCK=--upgrade

clean: ## remove the environment, caches and built files
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Each stamp is older than what it was made from only when there is something to do.

define CHECK_PYTHON
python='$(PYTHON)'; \
if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "mockserver needs Python 3.11 or newer; what was found: $${python:-none}." >&2; \
	echo "Install it, or say where it is: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; \
fi
endef

$(VENV)/.created:
	@$(CHECK_PYTHON); \
	if ! "$$python" -m venv --clear $(VENV); then \
		rm -rf $(VENV); echo "No environment could be made. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi
	@touch $@

$(VENV)/.run: requirements/run.lock $(VENV)/.created
	@echo "Installing what the server needs into $(VENV) ..."
	@$(PIP) install --quiet --no-deps -r requirements/run.lock
	@touch $@

$(VENV)/.package: pyproject.toml mockserver/__init__.py requirements/build.lock $(VENV)/.run
	@$(PIP) install --quiet --no-deps -r requirements/build.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.package
	@echo "Installing what the checks and tests need into $(VENV) ..."
	@$(PIP) install --quiet --no-deps -r requirements/dev.lock
	@touch $@
