# Two commands matter: `make demo` and `make test`. Each installs what it needs into .venv first.
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin

.PHONY: demo test lint bench clean

demo: .venv/runtime
	@exec $(BIN)/kassa demo --port $(PORT)

test: .venv/tools
	@exec $(BIN)/python -m tests.run

lint: .venv/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: .venv/bench
	@exec $(BIN)/python -m benchmarks --save

clean:
	rm -rf .venv build *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	@touch $@

.venv/runtime: .venv/python setup.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/tools: .venv/python setup.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,dev]'
	@touch $@ .venv/runtime

.venv/bench: .venv/tools
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@
