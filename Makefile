# What a person does with a checkout, one word each; `make` alone lists them.
#
#   PYTHON   the interpreter that creates .venv: 3.11, 3.12 or 3.13
#   TORCH    what pip is told to install as torch, for instance the CPU build on Linux:
#            make quickstart TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
#
# Both count when .venv is created; remove .venv to change them later.

PYTHON ?= python3
TORCH  ?= torch==2.13.0
UV     ?= uv

BIN       := .venv/bin
INSTALLED := .venv/.installed
LOCK      := requirements/lock.txt
PIP_FLAGS := --quiet --disable-pip-version-check --progress-bar off
COMPILE    = $(UV) pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help quickstart install test test-slow lint dist check-dist parity lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

quickstart: $(INSTALLED)  ## corpus, training, evaluation and report on this machine, offline, in minutes
	$(BIN)/odyssim run quickstart

install: $(INSTALLED)  ## .venv with torch, the locked packages and this checkout (editable)

test: lint  ## lint, types and every test that takes seconds
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow"

test-slow: $(INSTALLED)  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(INSTALLED)  ## style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

dist: $(INSTALLED)  ## source distribution and wheel, in dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist

check-dist: dist  ## install the wheel into an empty environment elsewhere and use it there
	@set -eu; room=$$(mktemp -d); trap 'rm -rf "$$room"' EXIT; trap 'exit 130' INT TERM; \
	wheel=$$(echo "$(CURDIR)"/dist/*.whl); \
	echo "Installing $$wheel and what it asks for into an empty environment (minutes)"; \
	$(PYTHON) -m venv "$$room/venv"; \
	"$$room/venv/bin/python" -m pip install $(PIP_FLAGS) $(TORCH); \
	"$$room/venv/bin/python" -m pip install $(PIP_FLAGS) "$$wheel[train]"; \
	cd "$$room"; PATH="$$room/venv/bin:$$PATH"; set -x; \
	odyssim run quickstart; \
	odyssim eval --model scripted/first-option --split village --limit 5; \
	odyssim report runs/quickstart

parity: $(INSTALLED)  ## compare with reference vectors: make parity VECTORS=FOLDER
	@test -d "$(VECTORS)" || { echo "Which vectors? make parity VECTORS=FOLDER (a folder of JSON files)" >&2; exit 2; }
	$(BIN)/python -m tests.parity "$(VECTORS)"

lock:  ## resolve the ranges of pyproject.toml anew (needs uv)
	$(COMPILE) --extra train --extra serve --extra dev --excludes requirements/excludes.txt --no-emit-package torch \
		--custom-compile-command "make lock (without torch: the Makefile installs it first, in the build TORCH names)" \
		--output-file $(LOCK)
	$(COMPILE) --extra train --extra vllm --custom-compile-command "make lock" \
		--output-file requirements/lock-vllm.txt

clean:  ## remove build output and caches; .venv and runs stay
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "OdysSim needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "Installing torch and the locked packages into .venv (minutes, only the first time)"
	$(BIN)/python -m pip install $(PIP_FLAGS) $(TORCH)
	$(BIN)/python -m pip install $(PIP_FLAGS) --requirement $(LOCK)
	$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --editable .
	$(BIN)/python -m pip check
	@touch $@
