PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint env clean

env: $(VENV)/.done

$(VENV)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

demo: env
	rm -rf var/demo
	$(BIN)/seqtune launch campaigns/demo.toml --home var/demo
	$(BIN)/seqtune export demo -k 10 --out var/demo/top10.json --home var/demo
	$(BIN)/seqtune reproduce var/demo/top10.json --rank 1 --home var/demo

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest

clean:
	rm -rf $(VENV) build dist *.egg-info
