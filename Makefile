# make        set up the environment, then the study on the deposited labels (config/deposited.yaml)
# make CONFIG=my_run.yaml   the same for my_run.yaml, merged over config.yaml; with TARGETS=labels
#             only a part of it
# make scratch  set up the environment, then the whole study from scratch, with its own quantum
#             chemistry (config.yaml)
# make MOLECULE=any.xyz   from one geometry of a small molecule to models and spectra (docs/molecule.md)
# make test   set up the environment, then the doctests and the tests
# make test-slurm   set up the environment, then the tests that need a running SLURM
# make smoke  set up the environment, then the whole study made tiny, with its report
# make lock   rewrite envs/requirements.lock from pyproject.toml (needs uv)
# make lint   formatting, style and types
# make docs   rewrite the generated tables of docs/, those of results from the run `deposited`
# The first suitable Python is taken; choose another with: make PYTHON=python3.12

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(FITS)' 2>/dev/null && echo $$p && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SNAKEMAKE := $(BIN)/snakemake
SMOKE := --configfile config/smoke.yaml
CONFIGS := $(or $(strip $(if $(MOLECULE),config/molecule.yaml) $(CONFIG)),config/deposited.yaml)

# A run that stops at the lock of a killed Snakemake says how to remove it.
define run
@$(SNAKEMAKE) $(TARGETS) $(1) || { status=$$?; test -z "$$(ls .snakemake/locks 2>/dev/null)" || \
	echo "Is this folder locked by a Snakemake that was killed? If no other one runs here: $(SNAKEMAKE) --unlock, then repeat make."; \
	exit $$status; }
endef

.PHONY: all scratch config-exists setup test test-slurm smoke lock lint docs clean-env
.DEFAULT_GOAL := all

all: config-exists $(STAMP)
	$(call run,--configfile $(CONFIGS) $(if $(MOLECULE),--config 'molecule={"geometry": "$(MOLECULE)"}'))

scratch: $(STAMP)
	$(call run)

config-exists:
	@test -z "$(MOLECULE)" || test -f "$(MOLECULE)" || { \
		echo "$(MOLECULE) does not exist: MOLECULE must be a file with one geometry, such as resources/geometries/methanol.xyz"; exit 1; }
	@for file in $(CONFIGS); do test -f "$$file" || { \
		echo "$$file does not exist: CONFIG must be a file of configuration, such as config/smoke.yaml"; exit 1; }; done

setup: $(STAMP)

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slurm and not slow"

test-slurm: $(STAMP)
	$(BIN)/python -m pytest -m slurm tests/slurm

smoke: $(STAMP)
	$(SNAKEMAKE) $(SMOKE)
	$(SNAKEMAKE) $(SMOKE) --report results/smoke/report.html

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(SNAKEMAKE) --lint

docs: $(STAMP)
	$(BIN)/python -m rpr.report.generated_tables workflow/schemas/config.schema.yaml docs results/deposited

lock:
	@command -v uv >/dev/null 2>&1 || { echo "make lock needs uv: install it with '$(PYTHON) -m pip install uv'"; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --all-extras pyproject.toml -o envs/requirements.lock
	$(PYTHON) -c "import hashlib, pathlib, re; script = pathlib.Path('envs/environment.post-deploy.sh'); \
		lock = hashlib.sha256(pathlib.Path('envs/requirements.lock').read_bytes()).hexdigest(); \
		script.write_text(re.sub('(?m)^# requirements.lock: .*', '# requirements.lock: ' + lock, script.read_text()))"

clean-env:
	rm -rf $(VENV)

# The environment, made once and again when the lock or the project's metadata change.
$(STAMP): envs/requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "$(PYTHON) was not found: install Python 3.11, 3.12 or 3.13, or name it with 'make PYTHON=python3.12'"; exit 1; }
	@$(PYTHON) -c '$(FITS)' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), but 3.11, 3.12 or 3.13 is needed: name one with 'make PYTHON=python3.12'"; exit 1; }
	@command -v uv >/dev/null 2>&1 || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv or ensurepip: install it (Debian, Ubuntu: apt install python3-venv), or install uv"; exit 1; }
	@echo "Setting up $(VENV) from envs/requirements.lock (about a minute)"
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r envs/requirements.lock && \
		uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/requirements.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@
