# Each target sets up what it needs in .venv, once; stamp files there make the next run quick.

# Settings, for the command line or the environment: make serve PORT=9000
HOST ?= 127.0.0.1
PORT ?= 8000
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$python && break; done)
TORCH_INDEX ?=
EXTRA_VERSIONS ?= 9

VENV := .venv
BIN := $(VENV)/bin
SERVICE := $(VENV)/.installed-service
IMPORT := $(VENV)/.installed-import
TRAIN := $(VENV)/.installed-train
DEV := $(VENV)/.installed-dev
AUDIT := $(VENV)/.installed-audit
FAST := $(VENV)/.tried-fast
ENGINE := recurrent/built/.compiled
# These make greenlets by the ten thousand, which coverage keeps an index of: measured along, they
# stood still for minutes at a time.
BROWSER_TESTS := tests/e2e/playground
# These train, start servers or drive a browser: `make check` runs them, `make test` leaves them out.
LONG_TESTS := tests/e2e tests/faults tests/bench tests/training/fitting tests/training/tasks \
	$(wildcard tests/training/test_train_*.py) tests/training/test_evaluate.py \
	tests/test_made_up_task.py tests/test_tasks_layering.py tests/test_deploy.py
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help serve test import-setup train-setup train-sentiment train-generator bench screenshots chaos lint format type cover audit \
	check lock clean

help: ## List the targets and settings
	@echo "usage: make TARGET [SETTING=value ...]"; echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '%-19s%s\n' "$$name" "$$text"; done
	@echo; echo "settings:"
	@echo "  HOST, PORT       where to serve (now $(HOST) and $(PORT))"
	@echo "  EXTRA_VERSIONS   older or newer versions of each model to try beside the one served (now $(EXTRA_VERSIONS))"
	@echo "  PYTHON           Python 3.11 or later to set up with (now $(or $(PYTHON),none found))"
	@echo "  TORCH_INDEX      an extra package index for torch. On Linux, PyPI's torch brings CUDA"
	@echo "                   libraries of several gigabytes; PyTorch's CPU builds are at"
	@echo "                   https://download.pytorch.org/whl/cpu"
	@echo "  DATA_DIR         a folder with data sets already fetched (else they are downloaded)"

serve: ## Serve the models in model_store/models
	@[ -e $(FAST) ] || echo "Setting up, once: about half a minute, and 270 MB in $(VENV)"
	@$(MAKE) --no-print-directory $(FAST) $(ENGINE)
	@HOST=$(HOST) PORT=$(PORT) EXTRA_VERSIONS=$(EXTRA_VERSIONS) exec $(BIN)/python -m service

test: ## Run the fast tests (two minutes; make check runs all)
	@[ -e $(DEV) ] || echo "Setting up, once: some minutes, and 2 GB in $(VENV), more with CUDA (see TORCH_INDEX)"
	@echo "The fast tests: two minutes on two cores; make check runs all"
	@$(MAKE) --no-print-directory $(TRAIN) $(DEV) $(ENGINE)
	$(BIN)/pytest -q -n 2 $(addprefix --ignore=,$(LONG_TESTS))

import-setup: $(IMPORT) ## Install what importing Keras, PyTorch and ONNX files needs

train-setup: $(TRAIN) $(ENGINE) ## Install what training needs (see TORCH_INDEX)

train-sentiment: $(TRAIN) ## Train a sentiment classifier and publish it to the store
	$(BIN)/python -m training.train_classifier --data imdb sst2 vader phrasebook --name sentiment \
		--init-from reviews --unlabelled imdb --teachers sentiment naive-bayes:imdb \
		--max-seq-len 512 --embedding-dropout 0.02 --input-dropout 0.05 --hidden-dropout 0.05 \
		--output-dropout 0.1 --weight-dropout 0.05 --dense-dims 64 --dropout 0.1 \
		--token-dropout 0.03 --crop-share 0.2 --min-crop 30 --learning-rate 2e-3 \
		--layer-decay 0.7 --schedule slanted --weight-decay 0.01 --max-epochs 4 --keep last \
		--checks-per-epoch 2 --validation-split 0.05 --weights-dtype float16

train-generator: $(TRAIN) ## Train a text generator and publish it to the store
	$(BIN)/python -m training.train_generator --data tiny_shakespeare --name shakespeare \
		--cell lstm --embedding-dim 128 --hidden-size 448 --num-layers 2 --input-dropout 0.1 \
		--hidden-dropout 0.3 --weight-dropout 0.2 --output-dropout 0.4 --learning-rate 4e-3 \
		--schedule cosine --warmup-share 0.05 --weight-decay 0.01 --batch-size 64 \
		--max-epochs 30 --patience 8 \
		--default-max-tokens 400 --weights-dtype float16 --example "ROMEO:"

bench: $(FAST) $(TRAIN) $(ENGINE) ## Measure speed under load (needs wrk; BENCH=--quick for a short run)
	$(BIN)/python -m bench $(BENCH)

screenshots: $(TRAIN) $(DEV) ## Take the README's pictures of the playground
	$(BIN)/python -m tests.e2e.playground.screenshots docs/images

chaos: $(TRAIN) $(DEV) ## Run the long fault tests
	$(BIN)/pytest -m "slow or not slow" tests/faults

lint: $(DEV) ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV) ## Format the code and repair what can be repaired
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: $(TRAIN) $(DEV) ## Check types
	$(BIN)/mypy

cover: $(TRAIN) $(DEV) $(ENGINE) ## Run all tests and measure branch coverage (DATA_DIR adds those on real data)
	@echo "All tests, those in a browser first: ten to twenty minutes on two cores"
	$(BIN)/pytest $(BROWSER_TESTS) -n 2
	$(BIN)/pytest -n 2 --cov --ignore $(BROWSER_TESTS)

audit: $(AUDIT) ## Look for unsafe code, and for known holes in the packages (needs the network)
	$(BIN)/bandit --quiet --recursive --severity-level medium service model_store training
	$(BIN)/python .ci/audit.py

check: lint type cover ## All checks: style, types, all tests and coverage (10 to 20 minutes)

lock: $(BIN)/pip ## Update and pin all that the requirements bring in (use Python 3.11)
	echo "# Every other package at a version known to work, written by: make lock" > constraints.txt
	$(PIP_INSTALL) --upgrade --upgrade-strategy eager -r requirements.txt
	$(BIN)/pip freeze --exclude torch $$(sed -n 's/^\([a-z0-9-]*\)==.*/--exclude \1/p' \
		requirements-service.txt requirements-fast.txt) >> constraints.txt

clean: ## Delete what the other targets made (trained models stay)
	rm -rf $(VENV) recurrent/built .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/pip:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later with its venv module was not found."; \
		echo "Install it (Debian and Ubuntu: apt-get install python3 python3-venv)," \
			"or name it: make PYTHON=/path/to/python3"; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11, or does not run" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) lacks the venv module (Debian and Ubuntu: apt-get install" \
			"python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

# Without a C compiler one is fetched (100 MB); without that, 8-bit models run in numpy.
$(ENGINE): $(wildcard recurrent/kernels/*) recurrent/build.py requirements-compiler.txt $(BIN)/pip
	@$(BIN)/python -m recurrent.build 2>/dev/null || \
		{ $(PIP_INSTALL) -r requirements-compiler.txt; $(BIN)/python -m recurrent.build; } || true
	@mkdir -p $(dir $@) && touch $@

$(VENV)/.installed-%: requirements-%.txt requirements-service.txt requirements-import.txt \
		constraints.txt $(BIN)/pip
	$(PIP_INSTALL) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r $<
	@touch $@

$(FAST): requirements-fast.txt $(SERVICE)
	@$(PIP_INSTALL) -r $< 2>/dev/null || \
		echo "Going on without gunicorn's parser in C: it needs a C compiler and Python's headers"
	@touch $@
