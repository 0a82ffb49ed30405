# make run     start the daemon from this folder          make test         everything that CI runs
# make check   lint and types alone                       make bench-quick  a minute of measuring
# make bench   all of it, half an hour                    make bench-publish its figures into README.md and docs/
# make deb     the Debian package, into dist/             make systemd-test the package in a booted systemd; needs root
# make lock    pin what the package carries anew          make compiled     the package with C for what is hot, in build/

PYTHON ?= $(shell .ci/choose-python)
VENV := .venv
PY := $(VENV)/bin/python
JOBS ?= 3
COMPILED := build/compiled
# The folders too: their time tells that a module is gone.
SOURCES := $(shell find storescpd -name __pycache__ -prune -o -print)
LONGEST := tests/dataset/test_fuzz.py::test_two_minutes_of_damage tests/dataset/test_differential.py::test_corpus
PURE := tests/wire tests/association tests/dataset tests/store
SHELL := /bin/sh
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: run test check compiled unit tools deb lock systemd-test bench bench-quick bench-publish clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp
	@mkdir -p incoming
	@image=$$($(PY) -c 'import pydicom.data as d; print(d.get_testdata_file("CT_small.dcm", download=False))'); \
	printf '\nstorescpd listens on port 11112 and writes to %s. Send a test image from another terminal:\n\n  %s -m pynetdicom storescu 127.0.0.1 11112 %s\n\nCtrl-C stops it.\n\n' \
	    "$(CURDIR)/incoming" "$(CURDIR)/$(PY)" "$$image"
	@PYTHONPATH="$(STORESCPD_BUILD)" exec $(PY) -P -m storescpd --config etc/try.toml

test: check unit deb systemd-test

# What is shipped is tested, all of it; the same sources run in plain Python, which is tested where most of the rules are,
# but for what takes longest: the two minutes of damage, and the corpus in each encoding beside storescp.
unit: tools compiled
	STORESCPD_TOOLS=required STORESCPD_BUILD=$(COMPILED) $(PY) -m pytest -n $(JOBS) --dist loadgroup --ignore tests/systemd
	STORESCPD_TOOLS=required $(PY) -m pytest -n $(JOBS) --dist loadgroup $(LONGEST:%=--deselect %) $(PURE)

compiled: $(COMPILED)/.stamp

$(COMPILED)/.stamp: setup.py pyproject.toml .ci/compile $(SOURCES) | $(VENV)/dev.stamp
	.ci/compile $(PY) $(COMPILED)
	@touch $@

check: $(VENV)/dev.stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

tools: $(VENV)/dev.stamp
	@.ci/install-tools $(VENV)/node

deb: vendor/.stamp
	.ci/make-deb dist
	lintian --allow-root --fail-on error,warning dist/*.changes

systemd-test: $(VENV)/dev.stamp tools
	STORESCPD_TOOLS=required $(PY) -m pytest --numprocesses=0 --durations=0 tests/systemd

# With it the package is built without a network.
vendor/.stamp: requirements.lock requirements-build.lock debian/vendor
	debian/vendor vendor
	@touch $@

lock: $(VENV)/dev.stamp
	$(PY) -m pip install --quiet uv
	.ci/lock $(VENV)/bin/uv

bench bench-quick: export STORESCPD_BUILD ?= $(COMPILED)

bench-quick: compiled
	$(PY) -m benchmarks quick

bench: compiled
	$(PY) -m benchmarks full
	$(PY) -m benchmarks curves
	$(PY) -m benchmarks.inetd
	$(PY) -m benchmarks.start

bench-publish: $(VENV)/dev.stamp
	$(PY) -m benchmarks publish

clean:
	rm -rf $(VENV) build dist vendor *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis benchmarks/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What a stamp stands for is installed; a changed pyproject.toml or a missing environment installs again.

$(VENV)/run.stamp: pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --use-pep517 --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --use-pep517 --editable '.[dev]'
	@touch $@ $(VENV)/run.stamp

$(PY):
	@.ci/make-venv $(PYTHON) $(VENV)
