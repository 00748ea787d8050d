# Everything runs in .venv, built from the hashed lock by plain pip. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?= data

.DEFAULT_GOAL := help
.PHONY: help run test chaos check bench lock fix clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

# Debian's python3 may lack ensurepip; virtualenv brings its own pip.
$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/pip || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 && test -x $(BIN)/pip; } \
	  || { rm -rf $(VENV); $(PYTHON) -m pip install --quiet --disable-pip-version-check virtualenv \
	  || $(PYTHON) -m pip install --quiet --disable-pip-version-check --break-system-packages virtualenv; $(PYTHON) -m virtualenv --quiet $(VENV); }
	@echo "installing into $(VENV) (once; a few minutes)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP) ## start the service with the demo back office and say where to look
	@exec $(BIN)/houtai serve --demo --data $(DATA)

test: $(STAMP) ## pass every test (those that need a server not installed here say so and skip)
	@$(BIN)/pytest -n 2 --dist loadfile

chaos: $(STAMP) ## kill receiver and converter a hundred times under load and count what is there
	@HOUTAI_CHAOS_KILLS=100 $(BIN)/pytest --no-cov -q --timeout 1800 tests/integration/collector/test_chaos.py

check: $(STAMP) ## format, lint, types, import contracts, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-timing 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python docs/check.py

bench: $(STAMP) ## benchmarks: both sides in one run, printed as ratios
	@for file in tests/bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lock: ## renew requirements.lock (hashes, all platforms)
	@test -x .lock-venv/bin/uv || { $(PYTHON) -m venv .lock-venv && .lock-venv/bin/pip install --quiet --disable-pip-version-check uv; }
	@.lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --group dev pyproject.toml -o requirements.lock

fix: $(STAMP) ## format and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## remove the environment, caches and the demo's data
	@rm -rf $(VENV) .lock-venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist $(DATA)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
