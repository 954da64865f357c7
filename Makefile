# Each verb makes what it needs first, .venv included: Python 3.11 or newer with venv, and make, suffice.
# Another Python: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
RUN := $(VENV)/bin/python -m

.DEFAULT_GOAL := help
# One verb at a time, also under -j: they share one environment.
.NOTPARALLEL:
.PHONY: help race serve test slow faults doctor-bench chromium lint format types floors docs bench bench-peers parity pictures clean

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

race: $(VENV)/ready-lab ## Race four optimizers on handwritten digits; the page lands in runs/race
	$(VENV)/bin/thalweg race digits --rules gradient-descent,sgd,momentum,adam --widen \
		--set momentum.momentum='ramp(0.5, 0.9, epochs=10)' --out runs/race

serve: $(VENV)/ready-lab ## Open the page on which the rules run, with all runs and races in runs/
	@mkdir -p runs
	$(VENV)/bin/thalweg serve runs

test: $(VENV)/ready-test chromium ## Run all tests, doctests and documentation examples but the slow ones
	$(RUN) pytest -n auto --maxprocesses 8 --dist worksteal

slow: $(VENV)/ready-test ## Run the tests that take minutes
	$(RUN) pytest -m slow

faults: $(VENV)/ready-lab ## Kill ten races at random moments, and see that nothing is lost, doubled or different
	$(VENV)/bin/python scripts/faults.py --races 10

doctor-bench: $(VENV)/ready-lab ## Break trainings on purpose, and count how often the doctor finds what is broken
	$(VENV)/bin/python benchmarks/doctor.py

lint: $(VENV)/ready-dev ## Check style and format
	$(RUN) ruff check
	$(RUN) ruff format --check

format: $(VENV)/ready-dev ## Format all files and mend what can be mended safely
	$(RUN) ruff check --fix
	$(RUN) ruff format

types: $(VENV)/ready-dev ## Check types
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(RUN) pyright

floors: $(VENV)/ready-dev ## Check that rooms import only from lower floors
	$(VENV)/bin/lint-imports

docs: $(VENV)/ready-dev ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict

bench: $(VENV)/ready-lab ## Measure speed against torch.optim, side by side
	$(VENV)/bin/python benchmarks/run.py

bench-peers: $(PEERS)/ready ## Measure speed against DeepSpeed and torch.compile, side by side
	$(PEERS)/bin/python benchmarks/peers.py

parity: $(VENV)/ready-lab ## Print how far each rule on each engine is from the oracle, in ulps
	$(VENV)/bin/python benchmarks/parity.py

pictures: $(VENV)/ready-test ## Draw the pictures of the README and the documentation again
	$(VENV)/bin/python scripts/pictures.py

clean: ## Delete caches and built files; environments and runs/ stay
	rm -rf build dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests benchmarks scripts docs -type d -name __pycache__ -prune -exec rm -rf {} +

# Browser tests drive Debian's Chromium. Without it they are skipped, which under CI is a failure.
chromium:
	@command -v chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			&& apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
		|| echo "no Chromium, and no right to install it: browser tests are skipped"

# The environment. `whole` is away while pip works: an install that was interrupted leaves none, and
# the next verb starts again from an empty folder. mv keeps its time, so that nothing looks outdated.
$(VENV)/whole:
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

# ready-lab, ready-test, ready-dev: thalweg and what that extra of pyproject.toml asks for.
$(VENV)/ready-%: pyproject.toml constraints.txt $(VENV)/whole
	@echo "installing thalweg[$*] into $(VENV); the first time takes some minutes"
	@mv $(VENV)/whole $(VENV)/unfinished
	$(RUN) pip install --disable-pip-version-check -q -c constraints.txt -e '.[$*]'
	@mv $(VENV)/unfinished $(VENV)/whole
	@touch $@

# The peers' own environment, made anew when a pin changes. DeepSpeed compiles its AdamW at first use.
$(PEERS)/ready: pyproject.toml constraints.txt benchmarks/peers-requirements.txt
	@echo "installing thalweg and its peers into $(PEERS); the first time takes some minutes"
	$(PYTHON) -m venv --clear $(PEERS)
	DS_BUILD_OPS=0 $(PEERS)/bin/python -m pip install --disable-pip-version-check -q \
		-c constraints.txt -r benchmarks/peers-requirements.txt -e .
	@touch $@
