# Two commands for everybody: `make demo` and `make test`. The rest is for people who change the code.
# Each target makes the environment that it needs in .venv (Python 3.11 or later; nothing else is assumed).

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: help demo test soak fuzz check format bench clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)  ## A demand-response day in about a minute: a VTN and three buildings over mutual TLS
	$(BIN)/vtn demo demo

test: $(STAMP)  ## Run every test
	$(BIN)/pytest -q -n 2

SEEDS ?= 200
FIRST ?= 1001

soak: $(STAMP)  ## Live SEEDS=200 other days of 50 VENs, from the seed FIRST=1001 on
	SOAK_SEEDS=$(SEEDS) SOAK_FIRST=$(FIRST) $(BIN)/pytest -v -n 2 tests/soak/test_day.py

MESSAGES ?= 100000
SEED ?= 0
SECONDS ?= 60

# Not everywhere is there an atheris; all else runs without it, and says so.
fuzz: $(STAMP)  ## Fire MESSAGES=100000 messages and more at both sides; SEED=0 is another one each time
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/pip install --quiet \
	    --disable-pip-version-check -c constraints.txt -e '.[fuzz]' || echo 'atheris cannot be installed here'
	$(BIN)/python -m tests.fuzz --messages $(MESSAGES) --seed $(SEED) --seconds $(SECONDS)

check: $(STAMP)  ## Formatting, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: $(STAMP)  ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## Measure openleadr and this project side by side
	$(BIN)/python -m benchmarks

clean:  ## Remove the environment and what tests and demo left behind
	rm -rf .venv build demo fuzz-findings *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
