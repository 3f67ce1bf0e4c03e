# Everything a newcomer or the continuous integration needs; only Python >= 3.11 and pip must be there.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
LAYERS := domain infrastructure cli reports
LINTED := $(LAYERS) tests hatch_build.py

.PHONY: help demo test quick check bench bench-copy lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    set up $(VENV) and run a made-up case through the real command"
	@echo "make test    all tests, with branch coverage"
	@echo "make quick   the tests that take less than ten seconds, without coverage"
	@echo "make check   ruff, formatting, types, architecture, documents"
	@echo "make bench   how fast the ledger is, and what limits it"
	@echo "make bench-copy  how fast a verified copy is beside other tools; needs 25 GB"
	@echo "make lock    resolve the dependencies anew"
	@echo "make clean   remove what these targets made"

demo: $(VENV)/.runtime
	$(BIN)/custody demo

# The fault loops run without measuring, which would triple their time; then the stricter bound for the domain.
test: $(VENV)/.development
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m fault
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m 'not fault' --cov --cov-branch --cov-report=term --cov-fail-under=95
	$(BIN)/python -m coverage report --include='domain/*' --fail-under=100

quick: $(VENV)/.development
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow'

check: $(VENV)/.development
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

bench: $(VENV)/.development
	$(BIN)/python -m tests.bench.ledger

# COPY_BENCH takes the benchmark's options, such as 'A --scale 0.02 --tools FOLDER'.
bench-copy: $(VENV)/.development
	$(BIN)/python -m tests.bench.copying --json build/bench-copy.json $(COPY_BENCH)

# A build environment of its own (pip falls back to filling it from outside where Debian ships no
# ensurepip); then the pinned packages, then this project without any look at an index.
$(VENV)/.runtime: requirements.lock requirements-build.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Custody needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install pip; }
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock -r requirements-build.lock
	$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

COMPILE := build/lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command 'make lock'

# The development set is resolved first and holds the other two to the same versions.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet uv
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml -c requirements-dev.lock -o requirements.lock
	$(COMPILE) --group build -c requirements-dev.lock -o requirements-build.lock

clean:
	rm -rf $(VENV) build dist src htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(LAYERS) tests -name __pycache__ -type d -prune -exec rm -rf {} +
