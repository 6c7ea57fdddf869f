# TuneFolio: every command a person or the pipeline needs. `make` alone lists them.
# Everything is installed into a private .venv; nothing outside this folder changes, except that
# `make test`, when it is root on Debian, adds missing system packages (see tools/provision.sh).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/stamps
UV    := $(BIN)/uv
BUILT := src/tunefolio/web/static/dist/manifest.json

# A byte-compiled installation starts several times faster, and warnings about it help nobody.
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTHONPATH PYTHONHOME CONDA_PREFIX
INSTALL := VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) --quiet --no-progress pip

.PHONY: help env env-test assets run up test check bench prove lock docs clean

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP)/ready ## start the product with demo data; prints its address and the demo login
	@exec $(BIN)/tunefolio demo

up: $(STAMP)/ready ## start the product, empty; the first person to sign up is its admin
	@exec $(BIN)/tunefolio up

env: $(STAMP)/ready ## prepare .venv to run the product, and build the front-end

env-test: $(STAMP)/ready $(STAMP)/test ## prepare .venv to run the tests as well

assets: $(BUILT) ## rebuild the front-end if one of its sources has changed

test: env-test ## install what the tests need, then every gate and every test, on both databases
	@tools/provision.sh
	@tools/gates.sh
	@tools/suite.sh

check: env-test ## the fast gates, in less than a minute
	@tools/gates.sh
	@$(BIN)/python -m pytest -q -n 2 -m "not prove" tests/core tests/market tests/ledger tests/analysis \
	  tests/house --ignore=tests/house/test_routes.py  # that one asks every route as everybody: a minute

bench: env-test ## measure speed; `python -m bench --write` keeps the figures in docs/performance.md
	@$(BIN)/python -m bench

prove: env-test ## the long proofs: coverage of each room, hundreds of kills, walks on PostgreSQL, every journey everywhere
	@tools/provision.sh
	@COVER=yes tools/suite.sh
	@$(BIN)/python -m pytest -m prove

docs: $(STAMP)/docs ## build the documentation site into site/
	@$(STAMP)/docs.venv/bin/mkdocs build --strict

lock: $(STAMP)/uv ## resolve requirements/*.txt again, to the newest versions that fit
	@UV="$(UV)" tools/lock.sh

clean: ## remove everything that the other commands made (your data stays)
	@rm -rf $(VENV) frontend/node_modules src/tunefolio/web/static/dist build dist site \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* coverage.json
	@rm -rf __pycache__; find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ── the environment, step by step; each stamp is written last, so that a broken step runs again ──

# An environment that was moved with its folder, or whose Python has gone, is made again.
$(shell [ -x $(BIN)/python ] && [ "$$(cat $(STAMP)/venv 2>/dev/null)" = "$(CURDIR)" ] || rm -rf $(STAMP))

$(STAMP)/venv:
	@tools/venv.sh $(VENV)
	@mkdir -p $(STAMP) && echo "$(CURDIR)" >$@

$(STAMP)/uv: requirements/uv.txt $(STAMP)/venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/uv.txt
	@touch $@

# Syncing removes what the lists do not name, the tests' packages among it: so that stamp goes first.
$(STAMP)/run: requirements/run.txt requirements/build.txt $(STAMP)/uv
	@echo "· installing the product's packages"
	@rm -f $(STAMP)/test $(STAMP)/project
	@$(INSTALL) sync --compile-bytecode --require-hashes requirements/uv.txt requirements/build.txt requirements/run.txt
	@touch $@

$(STAMP)/test: requirements/test.txt $(STAMP)/run
	@echo "· installing the tests' packages"
	@$(INSTALL) install --compile-bytecode --require-hashes -r requirements/test.txt
	@touch $@

$(BUILT): $(wildcard frontend/*.*) frontend/.npmrc $(shell find frontend/src) hatch_build.py $(STAMP)/run
	@$(BIN)/python hatch_build.py
	@touch $@

# The build hook makes the front-end as well; by then it is fresh and there is nothing to do.
$(STAMP)/project: pyproject.toml src/tunefolio/__init__.py $(STAMP)/run $(BUILT)
	@$(INSTALL) install --no-build-isolation --no-deps --editable .
	@touch $@

$(STAMP)/ready: $(STAMP)/project $(BUILT)
	@$(BIN)/python -m compileall -q -j 0 src
	@touch $@

$(STAMP)/docs: requirements/docs.txt $(STAMP)/uv
	@$(UV) --quiet venv --allow-existing $(STAMP)/docs.venv
	@VIRTUAL_ENV="$(CURDIR)/$(STAMP)/docs.venv" $(UV) --quiet pip sync --require-hashes requirements/docs.txt
	@touch $@
