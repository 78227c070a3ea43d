# From a fresh checkout with Python >= 3.11 alone: `make demo`, `make test`, `make check`.
SHELL := /bin/sh
BIN := .venv/bin
ARGS ?=

# An environment that already has the tools for development serves the demo as well.
READY := $(if $(wildcard .venv/.ready-dev),.venv/.ready-dev,.venv/.ready-runtime)

.PHONY: help setup demo test check bench format lock vendor words pages detection clean

help:
	@echo "make demo    show the main job at http://127.0.0.1:8000 (ARGS=\"--port 8123 --for 60 --no-browser\")"
	@echo "make test    run every test, with the real broker, database and browser (ARGS= goes to pytest)"
	@echo "make check   format, lint, types, import contracts"
	@echo "make bench   what things cost against a floor (ARGS=\"sweep --json\"); fails where one is over its budget"
	@echo "make setup   make .venv from the lock files"
	@echo "make format  put the sources into the one format and mend what can be mended"
	@echo "make lock    refresh the lock files (UPGRADE=1 takes newer versions)"
	@echo "make vendor  fetch the web assets again and check them"
	@echo "make words   collect what the console says, and compile the catalogues"
	@echo "make pages   write those pages of the documentation that are made from the code"
	@echo "make detection FILE=readings.csv.gz   score the detectors on recorded homes and write docs/detection.md"
	@echo "make clean   remove what was made here"

setup: .venv/.ready-dev

.venv/.ready-dev: requirements-dev.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh dev

.venv/.ready-runtime: requirements.lock requirements-build.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh runtime

demo: $(READY)
	@$(BIN)/meterwatch demo $(ARGS)

test: setup
	@scripts/parts.sh
	$(BIN)/pytest $(ARGS)

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m bench $(ARGS)

format: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: setup
	@UPGRADE=$(UPGRADE) scripts/lock.sh

vendor: setup
	@$(BIN)/python scripts/vendor.py $(ARGS)

words: setup
	@$(BIN)/python scripts/words.py

pages: setup
	$(BIN)/python -m meterwatch.config.template > docs/reference/settings.md
	@$(BIN)/python scripts/command_pages.py
	@$(BIN)/python scripts/diagrams.py

detection: setup
	$(BIN)/python scripts/detection_page.py $(FILE) $(if $(HOUSEHOLDS),--households $(HOUSEHOLDS)) $(ARGS)

clean:
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find bench src tests scripts -type d -name __pycache__ -prune -exec rm -rf {} +
