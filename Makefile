# `make` alone lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist worksteal

.PHONY: help demo lab quick test test-slow judges test-all coverage bench notebooks lint lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("camkit needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@$(PYTHON) tools/environment.py $(VENV)
	@touch $@

demo: $(READY) ## run every notebook against the demo site; results in out/demo/
	@$(BIN)/python -m tools.notebooks demo

lab: $(READY) ## open JupyterLab at the first notebook, on your own copies
	@$(BIN)/python -m tools.notebooks lab $(LAB_OPTIONS)

quick: $(READY) ## the tests for while you work: under a minute
	@$(BIN)/python -m pytest -q $(PARALLEL) -p no:nbval -m "not slow and not judge and not browser and not not_quick" $(OPTIONS)

test: $(READY) ## the test suite, with the notebooks checked cell by cell
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not judge" $(OPTIONS)

test-slow: $(READY)
	@$(BIN)/python -m pytest -m slow $(OPTIONS)

judges: $(READY) ## the demo site and the clients before the vendors' specifications and other people's clients
	@$(BIN)/python -m tools.judges
	@$(BIN)/python -m pytest -rs -p no:nbval -m judge tests/judges $(OPTIONS)

test-all: test test-slow judges ## the same, then the slow tests, then the outside judges

coverage: $(READY) ## after `make test OPTIONS="--cov --cov-report="`: what the tests ran, room by room
	@$(BIN)/python -m tools.room_coverage

notebooks: $(READY) ## run the notebooks and store their outputs in place
	@$(BIN)/python -m tools.notebooks store

bench: $(READY) ## measure against what one would use instead
	@$(BIN)/python -m tests.bench

lint: $(READY) ## style, types, and which room imports which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

lock: $(READY) ## resolve the versions again (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras --extra test pyproject.toml -o requirements.lock

clean: ## remove the environment and the caches; your notebooks, exports and cases stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
