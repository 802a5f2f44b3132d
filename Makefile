# One verb for each task; `make` alone lists them. Extra arguments for the program behind a verb: ARGS='…'
.DEFAULT_GOAL := help
.PHONY: help setup run check test coverage test-long test-vagrant guards lint lab lab-down bench bench-ssh lock clean

BIN := .venv/bin
UV ?= uv
# Processes that run the tests: more than cores, since many tests wait for servers.
WORKERS ?= 3
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install what is missing for running, testing and changing the code
	@sh deploy/setup.sh

run: ## install what running takes, then start the whole stack on this machine
	@sh deploy/setup.sh --run
	@exec $(BIN)/zonewright up $(ARGS)

check: lint ## lint and unit tests, in under a minute
	@exec $(BIN)/python -m pytest tests/unit -m "not long" -q $(ARGS)

test: setup ## every test but the long ones
	@exec $(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadscope $(ARGS)

coverage: setup ## the same, with a report of branch coverage (takes half as long again)
	@exec $(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadscope \
		--cov=api --cov=nameserver --cov-branch --cov-report=term:skip-covered $(ARGS)

test-long: setup ## the kill loops, big fuzz runs and labs
	@exec $(BIN)/python -m pytest -m long $(ARGS)

test-vagrant: setup ## the real `vagrant up` on emulated machines, tried and taken down (root; many minutes)
	@deploy/lab/vagrant-offline up && deploy/lab/vagrant-offline test $(ARGS); failed=$$?; \
	deploy/lab/vagrant-offline down || failed=1; exit $$failed

guards: setup ## take every guard out in turn, and see that a test notices (many minutes)
	@exec $(BIN)/python -m tests.guards $(ARGS)

lint: setup ## style, formatting, types and who may import whom
	@failed=0; \
	$(BIN)/ruff check --quiet || failed=1; \
	$(BIN)/ruff format --check --quiet || { failed=1; $(BIN)/ruff format --check; }; \
	$(BIN)/mypy --no-error-summary || failed=1; \
	imports=$$($(BIN)/lint-imports --no-logo 2>&1) || { failed=1; echo "$$imports"; }; \
	[ $$failed = 0 ] || echo "lint: failed; '$(BIN)/ruff check --fix' and '$(BIN)/ruff format' mend some of it"; \
	exit $$failed

lab: setup ## control, ns1 and ns2 as three hosts on this machine (root)
	@deploy/lab/lab.sh up

lab-down: ## take the lab down
	@deploy/lab/lab.sh down

bench: setup ## measure
	@exec $(BIN)/python -m bench $(ARGS)

bench-ssh: setup ## measure over SSH in a lab, with few and many zones, near and far (root)
	@exec $(BIN)/python -m bench --over ssh --zones 10 10000 --delay 50 $(ARGS)

lock: ## choose the versions again: LOCK_ARGS=--upgrade for newer ones (takes uv)
	@command -v $(UV) >/dev/null || { echo "make lock takes uv: install it, or name it with UV=/path/to/uv" >&2; exit 1; }
	@$(LOCK) --extra build $(LOCK_ARGS) --output-file requirements.lock setup.cfg
	@$(LOCK) --extra build --extra dev --constraint requirements.lock $(LOCK_ARGS) \
		--output-file requirements-dev.lock setup.cfg

clean: ## remove what tools leave behind; .venv and the data folder stay
	@rm -rf build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find api nameserver tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || :
