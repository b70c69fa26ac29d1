# One vocabulary for people and CI. Works with GNU make 3.81, which macOS has; nothing here asks a question.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup check manifests test test-full demo ui lock locks wheel sign sign-version verify clean reset

SIZE ?= full
PORT ?= 5050
RUN := .venv/bin/python
JOBS ?= auto
# Files are not split: what their tests share is made once.
PYTEST = $(RUN) -m pytest --numprocesses $(JOBS) --maxprocesses 4 --dist loadfile
# Empty in a project that has deleted slipway/ and depends on its wheel: see docs/wheel.md.
LIBRARY := $(wildcard slipway/pyproject.toml)
# What the library's own tests need beside; no project has them.
TESTED := $(wildcard requirements-library.txt)
WORKFLOWS := $(wildcard .github/workflows/*.yml)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.dev ## Make .venv with everything that the demo and the tests need, pinned by hash
	@echo ".venv is ready"

demo: .venv/.chain ## Run the main job, from data to a canaried model; SIZE=small is the quick one
	@$(RUN) -m slipway demo --size $(SIZE)

test: .venv/.dev ## Run the tests, on all cores up to four; JOBS=0 is one process
	@$(PYTEST) -m "not long"

test-full: .venv/.dev ## Run the long tests, those that `make test` leaves out
	@$(PYTEST) -m long

check: .venv/.dev ## Check format, lint and types, and that no file differs from what is staged
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(if $(LIBRARY),$(RUN) -m mypy)
	@$(if $(WORKFLOWS),.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS))
	@$(if $(WORKFLOWS),.venv/bin/zizmor -q --offline --no-progress --persona auditor .github)
	@if git rev-parse --git-dir >/dev/null 2>&1; then git diff --exit-code; fi

manifests: .venv/.dev ## Compile pipelines/ and build k8s/, and hold both against what is kept; needs kubectl
	@SLIPWAY_STRICT=1 $(RUN) -m pytest -q tests/pipelines tests/k8s

ui: .venv/.chain ## Show the embedded registry in MLflow's UI, on this machine only; PORT=5050
	@mkdir -p .slipway/registry
	@$(RUN) -c "$$UI" $(PORT)

lock: .venv/.chain ## Resolve the requirements*.txt again from pyproject.toml; UPGRADE=1 takes newer versions
	@$(COMPILE) pyproject.toml --group build --group serving --group dev -o requirements-dev.txt $(if $(UPGRADE),--upgrade)
	@$(COMPILE) pyproject.toml --group build -c requirements-dev.txt -o requirements.txt
	@$(COMPILE) --group serving -c requirements-dev.txt -o requirements-serving.txt
	@$(if $(TESTED),$(COMPILE) --group slipway/pyproject.toml:test -c requirements-dev.txt -o $(TESTED) $(if $(UPGRADE),--upgrade))

locks: ## Take the requirements*.txt of another folder, FROM=folder, such as those that CI resolved
	@for name in requirements*.txt; do cp "$${FROM:?names no folder}/$$name" . || exit 1; done

wheel: .venv/.chain ## Build the wheel of slipway/ into dist/
	@$(RUN) -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation -w dist ./slipway
	@ls dist/*.whl

sign: ## Sign IMAGE=repository@sha256:... without a key, as the one who runs this; needs cosign
	@$(BY_DIGEST)
	@cosign sign --yes "$$IMAGE"

sign-version: ## Sign the version that STATEMENT=file names without a key, and tag it in MLFLOW_TRACKING_URI; needs cosign and jq
	@$(A_VERSION)
	@cosign sign-blob --yes --new-bundle-format --bundle "$$STATEMENT.json" "$$STATEMENT" >/dev/null
	@jq -n --arg name "$$(sed -n 2p "$$STATEMENT")" --arg version "$$(sed -n 3p "$$STATEMENT")" \
	  --arg value "keyless:sigstore:$$(base64 <"$$STATEMENT.json" | tr -d '\n')" \
	  '{name: $$name, version: $$version, key: "slipway.signature", value: $$value}' >"$$STATEMENT.tag"
	@curl -sS --fail -o /dev/null -H 'Content-Type: application/json' --data @"$$STATEMENT.tag" \
	  "$${MLFLOW_TRACKING_URI:?is not set}/api/2.0/mlflow/model-versions/set-tag"

verify: ## Require that IMAGE=repository@sha256:... was signed by SIGNER, a workflow of GitHub's; needs cosign
	@$(BY_DIGEST)
	@cosign verify --certificate-oidc-issuer $(ISSUER) --certificate-identity "$$SIGNER" "$$IMAGE" >/dev/null
	@echo "$$IMAGE is signed by $$SIGNER"

clean: ## Remove .venv and caches; the registry and the data stay
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

reset: ## Forget every run: data, registry, records, reports
	@rm -rf .slipway data .dvc/cache .dvc/tmp

# What follows makes .venv. A stamp is newer than its lock when the set-up ended well; anything else repeats it.

.venv/.chain: requirements.txt pyproject.toml $(LIBRARY) $(RUN)
	@$(call INSTALL,requirements.txt)
	@touch $@

.venv/.dev: requirements-dev.txt pyproject.toml $(LIBRARY) $(TESTED) $(RUN)
	@$(call INSTALL,requirements-dev.txt $(TESTED))
	@touch .venv/.chain $@

# Absent, or a link to a Python that is gone: the recipes above make it.
$(RUN): ;

FIT = import sys, ctypes, ensurepip, lzma, sqlite3, ssl; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# A shim may stand on PATH for a Python that is not installed, so each is tried, not looked up.
define INSTALL
set -e; \
if ! $(RUN) -c 'import pip; $(FIT)' >/dev/null 2>&1; then \
  for python in "$(PYTHON)" python3.13 python3.12 python3.11 python3 none; do \
    if "$$python" -c '$(FIT)' >/dev/null 2>&1; then break; fi; \
  done; \
  if [ "$$python" = none ]; then \
    echo "No complete Python 3.11, 3.12 or 3.13 found (with venv, sqlite3, ssl and lzma)." >&2; \
    echo "Install one (Debian: apt install python3 python3-venv; macOS: brew install python@3.13)" >&2; \
    echo "or name it: make setup PYTHON=/path/to/python3" >&2; \
    exit 2; \
  fi; \
  "$$python" -m venv --clear .venv; \
fi; \
echo "Installing $(1) into .venv; the first time takes about two minutes"; \
awk '/^[a-z0-9]/ { keep = /^setuptools==/ } keep' $(1) > .venv/build.txt; \
$(PIP) --require-hashes -r .venv/build.txt; \
$(PIP) --require-hashes --no-build-isolation $(addprefix -r ,$(1)); \
$(if $(LIBRARY),$(PIP) --no-build-isolation -e ./slipway)
endef

# The locks are complete, so nothing is resolved (--no-deps).
PIP = $(RUN) -m pip install -qq --disable-pip-version-check --no-deps

COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate $(if $(LIBRARY),--no-emit-package slipway-mlops) \
	--custom-compile-command "make lock"

# A tag can be moved between two commands. The recipes read the variable themselves, so that it is no code.
define BY_DIGEST
printf '%s\n' "$$IMAGE" | grep -Eqx '[a-z0-9._/:-]+@sha256:[0-9a-f]{64}' || \
  { echo "IMAGE: found '$$IMAGE', expected repository@sha256: and 64 hexadecimal digits" >&2; exit 2; }
endef

# What is signed says what it is: no file of another kind may pass for a version.
define A_VERSION
test "$$(sed -n 1p "$${STATEMENT:?names no file}")" = "slipway version" || \
  { echo "$$STATEMENT: expected the first line 'slipway version'" >&2; exit 2; }
endef

ISSUER = https://token.actions.githubusercontent.com

define UI
import os, socket, sys
from slipway.base.environment import settle
port = int(sys.argv[1])
try:
    socket.create_server(("127.0.0.1", port)).close()
except OSError:
    sys.exit(f"port {port} is not free; take another: make ui PORT={port + 1}")
print(f"http://127.0.0.1:{port} in some seconds; Ctrl-C stops it", flush=True)
settle()
os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--workers", "1", "--port", str(port)]
os.execv(sys.executable, [*command, "--backend-store-uri", "sqlite:///.slipway/registry/mlflow.db"])
endef
export UI

# The proof and the benchmarks of slipway/, where they are.
-include .ci/library.mk
