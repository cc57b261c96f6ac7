# OmniDesk. `make up` runs it, `make test` checks it; both make .venv when it is missing or old.
#
#   make up        install what is needed, then run everything (Ctrl-C ends it)
#   make test      linters, types, import rules, templates, migrations, all tests
#   make lint      the same without the tests
#   make format    let the formatters rewrite the code
#   make bench     measure start, requests and search
#   make evaluate  the AI's quality on public data sets: make evaluate DATA=folder (FULL=1: all rows)
#   make fuzz      read 100,000 mutated mails (MAILS=N for another number)
#   make messages  collect the texts to translate, compile the translations
#   make doctor    what is configured, what answers, what is missing
#   make clean     remove caches (the data folder and .venv stay)
#
# PYTHON chooses the interpreter for .venv: make up PYTHON=python3.12

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# Public data sets, none of which comes with the project.
DATA ?= data
TESTS ?= tests
# Tried in this order. The first has a small CPU build of torch behind the pinned version.
SUITABLE = import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	if $$name -c '$(SUITABLE)' 2>/dev/null; then echo $$name; break; fi; done)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help up test lint format bench fuzz evaluate messages doctor clean

help:
	@sed -n '3,14s/^# \{0,2\}//p' Makefile

up: $(VENV)/.installed
	@$(BIN)/python manage.py up

doctor: $(VENV)/.installed
	@$(BIN)/python manage.py doctor

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@git ls-files --cached --others --exclude-standard '*.html' | while read -r file; do \
		if [ -f "$$file" ]; then echo "$$file"; fi; done \
		| xargs -r $(BIN)/djade --target-version 5.2 --check
	OMNIDESK_DATA=$(VENV)/no-data $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@git ls-files --cached --others --exclude-standard '*.html' \
		| xargs -r $(BIN)/djade --target-version 5.2

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 0 -m bench -s $(TESTS)

fuzz: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.channels.email.fuzz $(or $(MAILS),100000) 2000 $(WORKERS)

evaluate: $(VENV)/.installed
	@$(BIN)/python manage.py evaluate all "$(DATA)" --cache .cache/vectors $(if $(FULL),--full)

messages: $(VENV)/.installed
	$(BIN)/python manage.py makemessages --all --no-obsolete --add-location file --ignore '$(VENV)/*' --ignore 'var/*'
	$(BIN)/python manage.py compilemessages --ignore '$(VENV)/*'

clean:
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "OmniDesk needs Python 3.11, 3.12 or 3.13 with venv; name it with make up PYTHON=..." >&2; \
		exit 1; fi
	@if ! $(PYTHON) -c '$(SUITABLE)' 2>/dev/null; then \
		echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13 with venv." >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)

# The stamps hold the requirements they were made from: a file that is only touched (a fresh
# clone, a branch switched back and forth) installs nothing.
$(VENV)/.installed: requirements.txt | $(BIN)/python
	@if ! cmp -s requirements.txt $@; then \
		echo "Installing what OmniDesk needs (the first time takes minutes)"; \
		$(BIN)/pip install --quiet -r requirements.txt && cp requirements.txt $@; \
	else touch $@; fi

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@if ! cat requirements.txt requirements-dev.txt | cmp -s - $@; then \
		echo "Installing what the tests and linters need"; \
		$(BIN)/pip install --quiet -r requirements-dev.txt \
		&& cp requirements.txt $(VENV)/.installed \
		&& cat requirements.txt requirements-dev.txt > $@; \
	else touch $@; fi
