PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 4

.PHONY: audit bench check clean cluster-demo compose-test demo docs down env lint slurm-test test up wheel

env: $(VENV)/.done

$(VENV)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e ".[dev]"
	$(BIN)/python -m compileall -q -q -j 0 $(VENV)/lib || true  # on all cores; pip compiles on one
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
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

check: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not ray and not server and not browser and not cluster and not slurm"

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --durations 25 -m "not slurm"

docs: env
	$(BIN)/python docs/generate.py

# An hour or more, most of it for `--parts quality`. Set SEQTUNE_DATASETS; BENCH takes options of the script.
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/peers.py --out var/peers.jsonl $(BENCH)

$(VENV)/.bench: $(VENV)/.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,bench]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps mltrainer
	touch $@

wheel: env
	PYTHON=$(BIN)/python bash .ci/wheel

audit:
	PYTHON=$(PYTHON) bash .ci/audit

# Docker Compose, as a plugin or as a program of its own.
COMPOSE ?= $(shell docker compose version > /dev/null 2>&1 && echo docker compose || echo docker-compose)

up:
	$(PYTHON) deploy/prepare.py
	$(COMPOSE) build mlflow
	$(COMPOSE) up -d --scale ray-worker=2 mlflow ray-head ray-worker

cluster-demo: up
	$(COMPOSE) run --rm tuner

down:
	$(COMPOSE) --profile launch --profile tls down

# Minutes, and root: a Slurm cluster of two nodes on this machine.
slurm-test: env
	$(BIN)/pytest tests/deploy/test_slurm.py -m slurm

compose-test: env
	$(BIN)/python deploy/compose_test.py

clean:
	rm -rf $(VENV) build dist *.egg-info
