# Set-up, running and testing; each target makes the virtual environment first if it must.

PYTHON ?= python3
VENV := .venv
BENCH_VENV := .bench-venv
DEPLOY_VENV := .deploy-venv
STAMP := $(VENV)/.stamp-$(shell cat requirements.txt | cksum | cut -d' ' -f1)

.PHONY: setup run test drill bench lint deploy-check

setup: $(STAMP)

$(STAMP): requirements.txt scripts/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/setup.sh
	@rm -f $(VENV)/.stamp-*
	@touch $@

# The shell is replaced, so that Ctrl-C and SIGTERM reach the supervisor alone.
run: setup
	@exec $(VENV)/bin/python manage.py up $(if $(SITE),--site "$(SITE)")

# The tests wait for databases more than they compute: three at a time on two cores.
test: setup
	@$(VENV)/bin/python -m pytest -q -n 3 --dist worksteal --timeout 60 $(ARGS)

# Drills wait more than they compute: two at a time, and those that take the machine for themselves after
# them, one by one. (5: there is none of these among what ARGS names.)
drill: setup
	@$(VENV)/bin/python -m pytest -q -m "drill and not alone" -n 2 --dist worksteal --timeout 240 $(ARGS) || [ $$? = 5 ]
	@$(VENV)/bin/python -m pytest -q -m "drill and alone" --timeout 240 $(ARGS) || [ $$? = 5 ]

lint: setup deploy-check
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

bench: setup $(BENCH_VENV)/.stamp
	@$(VENV)/bin/python -m bench $(ARGS)

$(BENCH_VENV)/.stamp: bench/requirements.txt
	@$(VENV)/bin/python -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@

# The files of docs/deploy, each past the validator of its kind.
deploy-check: $(DEPLOY_VENV)/.stamp
	@scripts/deploy/check.sh $(DEPLOY_VENV)

$(DEPLOY_VENV)/.stamp: scripts/deploy/requirements.txt | setup
	@$(VENV)/bin/python -m venv $(DEPLOY_VENV)
	@$(DEPLOY_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/deploy/requirements.txt
	@touch $@
