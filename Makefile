# What a person repeats. `make` lists the targets.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RECIPE ?= smoke
EXAMPLES ?= 3000
# Tests whose tensors are worth checking. Those that trace networks hand in stand-ins, which no shape fits.
SHAPED := $(addprefix tests/spaces/,layers blocks temporal/test_fusion.py temporal/test_average.py \
	temporal/test_supernet.py test_hrnet.py test_resnet50.py) \
	$(addprefix tests/workers/,training/loops training/parallel training/tasks evaluation latency/test_predictor.py)
# Left out of these: whole HRNets, whose parts test_hrnet.py has; networks that are handed features in place of
# images; what Ray sends to another process, for a function that is checked cannot be sent.
UNSHAPED := -k "not hrnet-w32" $(addprefix --ignore=tests/workers/evaluation/,test_cached_features.py test_on_ray_crops.py)
MLFLOW_URI ?= sqlite:///runs/mlflow.db

.DEFAULT_GOAL := help
.PHONY: help setup search test recipes kills shapes fuzz lint bench compare ui clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv and install what constraints.txt pins (again only when that or pyproject.toml changes)

$(READY): pyproject.toml cluster/constraints.txt platform/install/00-vipnas.pth platform/install/hatch_build.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the libraries into $(VENV); this takes some minutes the first time"
	PIP_CONSTRAINT=cluster/constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[test,notebooks]'
	touch $@

search: $(READY)  ## search a pose network: make search [RECIPE=smoke] [args="--search.trials 40"]
	$(BIN)/python -m platform.search $(RECIPE) $(args)

test: $(READY)  ## run the tests, in two processes: make test [args="tests/spaces -k cost"]
	$(BIN)/pytest --numprocesses 2 --no-loadscope-reorder $(args)

recipes: $(READY)  ## run smoke whole and an epoch of the recipes for real data, hours on two cores: make recipes [name=...]
	$(BIN)/python -m tests.recipes $(name)

kills: $(READY)  ## stop and kill commands at random moments, an hour on two cores: make kills [args="--rounds 2 --seed 0"]
	$(BIN)/python -m tests.kills $(args)

shapes: $(READY)  ## run the tests of networks and losses with their annotated shapes checked: make shapes [args="-x"]
	$(BIN)/pytest -p tests.shapes --numprocesses 2 --no-loadscope-reorder $(UNSHAPED) $(SHAPED) $(args)

fuzz: $(READY)  ## try files that were changed and command lines made at random: make fuzz [EXAMPLES=3000]
	VIPNAS_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/fuzzing $(args)

lint: $(READY)  ## ruff, its formatter and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## run the benchmarks, or one: make bench [name=...]; prints a table, writes bench.json
	$(BIN)/python -m tests.benchmarks.run $(name)

compare: $(READY)  ## comparisons too long for bench: make compare [name=...]; prints a table, writes bench.json
	$(BIN)/python -m tests.benchmarks.run --compare $(name)

ui: $(READY)  ## open the MLflow UI on the runs
	$(BIN)/mlflow ui --backend-store-uri $(MLFLOW_URI)

clean:  ## remove the environment and the caches; runs and their records stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* build dist bench.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
