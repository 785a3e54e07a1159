# Every target sets up what it needs and is quick when that was done before. VENV=… names another place than .venv.
VENV ?= .venv
export VENV

# More than cores: much of what the tests do is to wait. A file is for one of them, and what takes longest begins first.
JOBS ?= 6
PYTEST := "$(VENV)/bin/python" -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup tools demo test test-long lint format bench benchmark-verdicts benchmark-peers docs recording clean

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{ printf "%-27s%s\n", $$1, $$2 }'

setup: ## have .venv with Fairlead in it
	@scripts/setup run

demo: setup ## deploy, break and recover a real application under traffic, about a minute
	@"$(VENV)/bin/fairlead" demo

tools:
	@scripts/setup test

test: tools ## the whole suite, without the long matrices
	@scripts/packages test
	@scripts/docker
	@$(PYTEST)

test-long: tools ## the long matrices: every strategy, server and kill point
	@scripts/packages test
	@scripts/docker
	@$(PYTEST) -m long

lint: tools ## ruff, mypy and the import contract
	@scripts/lint

format: tools ## let ruff put the code in order
	@"$(VENV)/bin/ruff" check --fix --quiet . ; "$(VENV)/bin/ruff" format --quiet .

bench: tools ## measure, and print the figures beside those of the usual hand-made way
	@scripts/packages bench
	@scripts/bench

benchmark-verdicts: tools ## how often verdicts are right, beside the usual rules; WRITE=--write puts it into the docs
	@"$(VENV)/bin/python" benchmarks/run.py verdicts $(WRITE)

benchmark-peers: tools ## Compose, Swarm and an nginx script beside Fairlead on the same containers; WRITE=--write
	@scripts/packages test
	@scripts/docker
	@PYTHONPATH=. scripts/bench docker peers $(WRITE)

docs: tools ## write docs/reference from the code
	@"$(VENV)/bin/python" scripts/docs.py

recording: tools ## record the demo for the README
	@"$(VENV)/bin/python" scripts/record.py

clean: ## remove everything that was made here
	@rm -rf "$(VENV)" build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
