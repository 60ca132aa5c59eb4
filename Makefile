# Each word does all its own set-up: `make run` on a fresh machine installs first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install run test check soak bench docs train-smoke clean

install: $(VENV)/installed

$(VENV)/installed: setup.cfg pyproject.toml
	@sh tests/prepare.sh venv "$(PYTHON)" "$(VENV)"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

run: install
	$(BIN)/lanegate demo

# Most tests wait for lines, timers and processes, so four run at a time. A line at its baud rate
# is late beside three others on a small machine: what fails is judged once more, alone.
test: install check
	@sh tests/prepare.sh packages
	$(BIN)/pytest -n 4 --maxschedchunk 2 || $(BIN)/pytest --last-failed --last-failed-no-failures none

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Hours. A violation prints its story, and ends it with 1.
soak: install
	$(BIN)/python -m tests.simulator --steps 100000000
	$(BIN)/python -m tests.faults --hours 8

bench: install
	@for name in start open_latency rtu_noise commit sync_bytes drain receive storm tariff idle camera reader approaches; do \
		echo "== $$name"; $(BIN)/python -m bench.$$name || exit $$?; done

docs: install
	$(BIN)/lanegate schema --write

# PyTorch is large; where there is no GPU, point pip at its CPU wheels first.
train-smoke: install
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[training]'
	$(BIN)/python -m models.training smoke build/train-smoke

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
