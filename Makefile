# `make demo` shows isthmus at work; `make test` runs its tests. Both install into .venv, and nowhere else.
#
#   PYTHON=       the interpreter of .venv; without it, the first suitable one that is found
#   TORCH_INDEX=  the wheel index for torch alone, read when .venv is made: without a GPU of NVIDIA that of the CPU
#                 builds, whose download is a tenth as large; empty: that of all other packages

PYTHON ?=
TORCH_INDEX ?= $(if $(shell command -v nvidia-smi 2>/dev/null),,https://download.pytorch.org/whl/cpu)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check
TORCH = $(PY) -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	print(*(d for d in p["dependencies"] if d.startswith("torch")))'

.PHONY: help demo test test-slow test-all lint format bench docs page clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## Train every variant on real digits, in less than a minute; writes isthmus-demo/
	$(PY) -m isthmus demo

test: $(VENV)/.test  ## Run the tests but the slow ones
	OMP_NUM_THREADS=1 $(PY) -m pytest -m 'not slow' -n auto --maxprocesses 8

test-slow: $(VENV)/.test  ## Run the slow tests, and print the 20 longest
	OMP_NUM_THREADS=1 $(PY) -m pytest -m slow -n auto --maxprocesses 4 --durations=20

test-all: test test-slow  ## Run all tests

lint: $(VENV)/.lint  ## Check style, types and the arrows of the architecture
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.lint  ## Mend style where that can be done by itself
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: $(VENV)/.bench  ## Measure isthmus beside its peers; writes docs/benchmarks.md
	$(PY) -m benchmarks

docs: $(VENV)/.docs  ## Build the site into site/
	$(PY) -m mkdocs build --strict

page:  ## Build the explorer's page from web/, with Node.js; what it is built into is committed
	cd web && npm ci && npm run build

clean:  ## Remove the environment and all that was built
	rm -rf $(VENV) build dist site isthmus-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp stands for an installed extra, and is renewed when pyproject.toml changes.
$(VENV)/.demo: pyproject.toml
	@PYTHON='$(PYTHON)' .ci/venv $(VENV)
	$(if $(TORCH_INDEX),$(PIP) --no-deps --retries 1 --timeout 15 --index-url $(TORCH_INDEX) "$$($(TORCH))" || \
		echo "$(TORCH_INDEX) cannot be reached: torch comes from where the other packages come from")
	$(PIP) --editable '.[tables,images,report]'
	@touch $@

$(VENV)/.%: $(VENV)/.demo
	$(PIP) --editable '.[$*]'
	@touch $@
