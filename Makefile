# `make run` opens the lab, `make test` tests it; both make what they need themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_WORKERS ?= 3
SOAK_WALKS ?= 50000

.PHONY: run test check soak bench screenshots format clean

run: $(VENV)/.installed
	$(BIN)/streamlit run app.py

test: $(VENV)/.installed-dev
	$(BIN)/python tests/ensure_browser.py
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup

soak: $(VENV)/.installed-dev
	LORA_LAB_WALKS=$(SOAK_WALKS) LORA_LAB_FIRST_SEED=$$(date +%s) \
		$(BIN)/python -m pytest -n $(TEST_WORKERS) -p no:randomly tests/lora_core/test_stateful.py

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python tests/ensure_browser.py
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.installed-dev
	$(BIN)/python tests/ensure_browser.py
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) benchmarks/.venv-mlflow

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "LoRA Lab needs Python 3.11 to 3.13: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(VENV)/.installed $@
