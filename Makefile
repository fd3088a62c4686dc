PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: check clean demo docs env lint test wheel

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
	$(BIN)/python docs/generate.py --check

check: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not ray and not server and not browser"

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

docs: env
	$(BIN)/python docs/generate.py

wheel: env
	PYTHON=$(BIN)/python bash .ci/wheel

clean:
	rm -rf $(VENV) build dist *.egg-info
