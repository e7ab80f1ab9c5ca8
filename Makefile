# Any Python from 3.11 on: make setup PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LAYER := layers/rightstate
SBOM := $(LAYER)/sbom.cdx.json

# SAM's build of the layer calls python3.
export PATH := $(abspath $(BIN)):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export SAM_CLI_TELEMETRY := 0
# Where it is set, every process compiles all that it imports: 3 s for each command, 15 s for each of the tests'.
unexport PYTHONDONTWRITEBYTECODE
# sam and boto3 want a region to be named; nothing here reaches it.
export AWS_DEFAULT_REGION ?= us-east-1

.PHONY: help setup demo test unit acceptance lint build sbom new-type wheel docs bench fleet bench-peers bench-growth bench-console browser lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/installed ## Install everything into .venv, as the lock names it

demo: setup ## Remediate two simulated accounts in this process
	@$(BIN)/rightstate demo

# What each says is shown when it has ended. The deployed application waits most of the time, and what lint calls
# uses one processor at a time, so that both run beside the rest. The tests would write bytecode into the folders
# that `sam build` copies, so it is there before.
test: setup ## Check everything, as CI does
	@$(MAKE) --jobs --output-sync=target build browser
	@$(BIN)/python -m compileall -q functions layers
	@$(MAKE) --jobs --output-sync=target lint unit acceptance

unit: setup ## Test everything that needs no deployment
	@$(BIN)/pytest

acceptance: setup ## Deploy the application into ministack, and test it there
	@$(BIN)/pytest -n0 -m acceptance

# samconfig.toml has `sam validate` call cfn-lint. tests/cli/member calls it on the template of a member.
lint: setup ## Check style, types, the template and words
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "Not formatted; run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/sam validate > /dev/null
	@$(BIN)/proselint check --config proselint.json README.md CHANGELOG.md docs/*.md
	@$(BIN)/pytest -n0 tests/docs/test_words.py

build: setup sbom ## Build what `sam deploy` uploads, into .aws-sam
	@log=$$($(BIN)/sam build 2>&1) || { echo "$$log"; exit 1; }
	@test -d .aws-sam/build/RightstateLayer/python/rightstate/__pycache__ || \
		echo "The layer is not compiled, because no python3.13 runs here: cold starts take twice as long." \
		"Install one, or name one: make build LAYER_COMPILER=PATH."

sbom: setup ## Write what the layer consists of, into layers/rightstate/sbom.cdx.json
	@$(BIN)/cyclonedx-py requirements $(LAYER)/requirements.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON \
		--output-file $(SBOM) 2> /dev/null

new-type: setup ## Write the skeleton of a resource type: make new-type NAME=log-group SERVICE=logs
	@$(BIN)/python -m authoring.new_type $(NAME) $(SERVICE)

wheel: setup ## Make the wheel, into dist/
	@$(BIN)/python -m hatchling build -t wheel

docs: setup ## Write what follows from the code: pages of docs/, parts of both templates, envelopes of events
	@$(BIN)/python -m authoring
	@$(BIN)/python -m rightstate_cli.docs.reference
	@$(BIN)/python -m rightstate_cli.docs.notifications
	@$(BIN)/python -m benchmarks.scale

bench: build ## Measure calls, executions, cold starts and the layer
	@$(BIN)/python -m benchmarks

fleet: setup ## Measure 2,500 resources, killed on the way, throttled and denied, and growth; takes half an hour
	@$(BIN)/python -m benchmarks.fleet
	@$(BIN)/python -m benchmarks.fleet --faults
	@$(BIN)/python -m benchmarks.fleet --growth
	@$(BIN)/python -m benchmarks.fleet --sweep
	@$(BIN)/python -m benchmarks.fleet --sweep --faults

bench-peers: setup .venv-c7n/installed ## Measure Rightstate beside Cloud Custodian and bare calls; takes an hour
	@$(BIN)/python -m benchmarks.peers --rightstate $(BIN)/rightstate --write

bench-growth: setup ## Measure surveys of up to 100,000 databases, and of as many buckets; takes an hour
	@$(BIN)/python -m benchmarks.growth --write
	@$(BIN)/python -m benchmarks.growth --write --type s3-bucket

bench-console: setup ## Click through the console for an hour, and measure its memory and answers
	@$(BIN)/python -m benchmarks.console --write

# Apart from our own packages, which it is no part of.
.venv-c7n/installed:
	@$(PYTHON) -m venv .venv-c7n
	@.venv-c7n/bin/pip install --quiet c7n
	@touch $@

browser: setup ## Install the browser that the report is tested in, if there is none
	@$(BIN)/python -m tests.support.browser

lock: setup ## Resolve both locks again; with UPGRADE=--upgrade to the newest versions
	@$(BIN)/uv pip compile $(COMPILE) pyproject.toml --extra dev --universal --python-version 3.11 \
		--output-file requirements.txt
	@$(BIN)/uv pip compile $(COMPILE) layers/rightstate/requirements.in --constraint requirements.txt \
		--python-version 3.13 --python-platform x86_64-manylinux2014 \
		--output-file layers/rightstate/requirements.txt

COMPILE = --quiet --generate-hashes --no-emit-index-url --no-header $(UPGRADE)

clean: ## Remove what the other targets made
	rm -rf $(VENV) .venv-c7n .aws-sam dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -r {} +

# uv takes seven seconds of a processor, pip a minute. pip knows the mirrors of pip.conf, which uv does not.
INSTALL = --quiet --no-deps --python $(BIN)/python

$(VENV)/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Rightstate needs Python 3.11 or newer, and $(PYTHON) is not." \
		"Name one that is, e.g.: make setup PYTHON=python3.13" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV); this takes half a minute or more."
	@awk '/^[^ ]/ { uv = /^uv==/ } uv' requirements.txt > $(VENV)/uv.txt
	@$(BIN)/pip install --quiet --no-deps --require-hashes --requirement $(VENV)/uv.txt
	@$(BIN)/uv pip install $(INSTALL) --require-hashes --requirement requirements.txt || { \
		echo "uv could not install them, so pip does; it takes a minute longer." >&2; \
		$(BIN)/pip install --quiet --no-deps --require-hashes --requirement requirements.txt; }
	@$(BIN)/uv pip install $(INSTALL) --no-build-isolation --editable .
	@touch $@
