# Everything a newcomer needs. Each target makes its own virtual environment first and re-uses it afterwards.
#
#   make demo     import the demo articles, search them, and serve them (PORT=8000 DATA=.demo)
#   make test     all tests with coverage               make check    ruff, mypy, import-linter
#   make serve    serve DATA                            make bench    compare with SQLite FTS5 and tantivy
#   make upkeep   measure commits, start, memory        make scale    import and search a million articles
#   make relevance  how well the best come first        make operators  each operator of the language, on DATA
#   make typed    whatever can be typed, on DATA        make formats  import every real file
#   make import-speed  imports, beside FTS5 and trafilatura
#   make fuzz     damaged files for every reader, MINUTES=10 for each (ARGS="pdf --jobs 2" for some)
#   make extraction  what is read of real pages and old encodings
#   make near-duplicates  precision, recall and cost of finding them
#   make lock     renew requirements/*.txt              make clean    remove what was made here
#   make test-reloaded   the tests of the index with Whoosh-Reloaded instead of whoosh3

PYTHON ?= python3
VENV ?= .venv
DATA ?= .demo
PORT ?= 8000
MINUTES ?= 10

BIN := $(VENV)/bin
ARCHIVE := $(BIN)/archive --data $(DATA)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# Debian packages, where they are missing: installed when we may, else named.
define debian
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); \
	else echo "Please install $(1), then run make again." >&2; exit 1; fi
endef

.PHONY: demo demo-search serve test test-reloaded check bench upkeep scale relevance operators typed formats import-speed \
        fuzz extraction near-duplicates lock clean

demo: demo-search
	@$(ARCHIVE) serve --port $(PORT)

demo-search: $(VENV)/base.stamp
	@$(ARCHIVE) import docs/demo
	@echo; echo '$$ archive search "border security"'
	@$(ARCHIVE) search "border security"

serve: $(VENV)/base.stamp
	@$(ARCHIVE) serve --port $(PORT)

test: $(VENV)/dev.stamp
	@command -v chromium > /dev/null && command -v chromedriver > /dev/null || { $(call debian,chromium chromium-driver); }
	@$(BIN)/pytest -n 2 --cov $(ARGS)

# The fork that is pinned can be replaced: the other one that is kept hides it here.
test-reloaded: $(VENV)/dev.stamp
	@$(PIP) --require-hashes --upgrade --target .reloaded -r requirements/reloaded.txt
	@PYTHONPATH=.reloaded $(BIN)/python -c 'import sys, whoosh; sys.exit(whoosh.__version__ != (2, 7, 5))'
	@PYTHONPATH=.reloaded $(BIN)/pytest -n 2 $(ARGS) \
		tests/test_index.py tests/test_evaluate.py tests/test_documents.py tests/test_segments.py

check: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.compare $(ARGS)

upkeep: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.upkeep $(ARGS)

scale: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.scale $(ARGS)

relevance: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.relevance $(ARGS)

operators: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.operators $(DATA) $(ARGS)

formats: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.formats $(ARGS)

import-speed: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.importing $(ARGS)

extraction: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.extraction $(ARGS)

typed: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.typed $(DATA) $(ARGS)

fuzz: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

near-duplicates: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks.near_duplicates $(ARGS)

# Where another package wants an extra, pip looks for it among newer releases, unless the lock names it.
lock: $(VENV)/dev.stamp
	@$(LOCK) -o requirements/base.txt pyproject.toml requirements/build.in $(ARGS)
	@$(LOCK) -o requirements/dev.txt -c requirements/base.txt pyproject.toml requirements/build.in requirements/dev.in
	@sed -i 's/^coverage==/coverage[toml]==/; s/^urllib3==/urllib3[socks]==/' requirements/dev.txt
	@echo Whoosh-Reloaded==2.7.5 | $(LOCK) -o requirements/reloaded.txt -

clean:
	rm -rf archive/*.so index/*.so .venv .reloaded .demo .bench .fuzz build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("The archive needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { $(call debian,python3-venv); }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# The compiled part needs a compiler and Python's headers, where they can be had; without it everything works.
define compiler
	command -v cc > /dev/null && $(BIN)/python -c 'import os, sys, sysconfig; \
		sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev python3-dev; fi; \
	} || echo "Without a C compiler and Python's headers the archive works, but several times slower." >&2
endef

$(VENV)/base.stamp: requirements/base.txt pyproject.toml setup.py $(wildcard archive/*.c index/*.[ch]) | $(BIN)/python
	@$(compiler)
	@echo "Installing the locked dependencies …"
	@$(PIP) --require-hashes -r requirements/base.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q archive db index web
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	@echo "Installing what tests and checks need …"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
