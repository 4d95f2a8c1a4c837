# The one door to everything. `make` lists what there is.
PYTHON ?= python3

# The environment first: Pulumi's language host runs the first python3 on PATH.
ACTIVE = VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/.venv/bin:$$PATH"
WITH_CLI = VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/.venv/bin:$$(cat .cache/pulumi/current):$$PATH"

.DEFAULT_GOAL := help
.PHONY: help python venv setup generate demo test coverage test-fast lint types workflows check docs plugin release-check pictures chaos bench clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' Makefile | awk -F@ '{ printf "%-18s %s\n", $$1, $$2 }'

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; name one with: make PYTHON=/path/to/python3"; exit 1; }

venv: python
	@$(PYTHON) -m tools.setup --no-cli

setup: python ## set up the virtual environment and the Pulumi CLI (the other targets do it by themselves)
	@$(PYTHON) -m tools.setup

generate: venv ## write what follows from the models (Python, tables, docs), and the picture in CONTRIBUTING.md
	@$(ACTIVE) python -m tools.generate
	@$(ACTIVE) python -m tools.architecture

demo: setup ## the whole life of phone numbers, on the real Pulumi engine and a local Vapi
	@$(WITH_CLI) python -m tools.demo

# Twice the two processors of the smallest machines: half of the tests wait.
test: python ## every test, the engine's included
	@$(PYTHON) -m tools.setup --for-tests
	$(WITH_CLI) pytest -n 4 --dist worksteal

# Below the CLI: the engine's tests reach hardly a line more.
coverage: python ## the branch coverage of the tests that need no Pulumi CLI
	@$(PYTHON) -m tools.setup --no-cli --for-tests
	@$(ACTIVE) coverage erase
	$(ACTIVE) coverage run -m pytest -n 4 --dist worksteal -m "not engine"
	@$(ACTIVE) coverage combine --quiet
	@$(ACTIVE) coverage report

test-fast: python ## the tests that need no Pulumi CLI
	@$(PYTHON) -m tools.setup --no-cli --for-tests
	$(ACTIVE) pytest -n 4 --dist worksteal -m "not engine"

lint: venv ## ruff: rules, import order and format
	$(ACTIVE) ruff check
	$(ACTIVE) ruff format --check

types: venv ## mypy, strict
	$(ACTIVE) mypy
	@# modules of their own: they are called __main__, like the program at the root
	$(ACTIVE) mypy examples/stack-reference/__main__.py
	$(ACTIVE) mypy examples/many-numbers/__main__.py
	$(ACTIVE) mypy examples/team-state/__main__.py
	$(ACTIVE) mypy examples/assistant/__main__.py
	$(ACTIVE) mypy examples/firewall/__main__.py
	$(ACTIVE) mypy examples/policy-pack

workflows: python ## actionlint over the example workflows
	@$(PYTHON) -m tools.actionlint

check: lint types workflows ## lint, types and workflows

docs: venv ## the documentation site, in site/; strict
	@NO_MKDOCS_2_WARNING=1 $(ACTIVE) mkdocs build --strict

plugin: venv ## the plugin as an archive for `pulumi plugin install`, in dist/
	@$(ACTIVE) python -m tools.plugin_archive $(ARGS)

release-check: setup ## all of a release but the upload: build, check, install, use, sum up; into dist/release
	@$(WITH_CLI) python -m tools.release $(ARGS)

pictures: setup ## the documentation's pictures of the terminal, from real runs
	@$(WITH_CLI) python -m tools.pictures

chaos: setup ## faults and kills at random, three seeds: nothing lost, nothing duplicated
	@$(WITH_CLI) python -m tools.chaos

bench: setup ## measure whole commands beside providers that do nothing, about 40 minutes; writes docs/performance.md
	@$(ACTIVE) pip install --quiet --group bench
	@$(WITH_CLI) python -m benchmarks $(ARGS)

clean: ## remove what the other targets made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* dist build site
