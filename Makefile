# One vocabulary for people and CI. Works with GNU make 3.81, which macOS has; nothing here asks a question.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-run check image manifests test test-full demo mlflow lock locks audit base wheel sign sign-statements
.PHONY: hooks verify clean reset

# Images forbid bytecode: each process would compile the tests and the library again.
unexport PYTHONDONTWRITEBYTECODE

SIZE ?= full
PORT ?= 5050
RUN := .venv/bin/python
JOBS ?= auto
# Files are not split: what their tests share is made once. They begin in the order in which they are collected, for
# xdist's own puts those of few tests last, which are the longest.
PYTEST = $(RUN) -m pytest --numprocesses $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Empty in a project that has deleted slipway/ and depends on its wheel: see docs/wheel.md.
LIBRARY := $(wildcard slipway/pyproject.toml)
# What the library's own tests need beside; no project has them.
TESTED := $(wildcard requirements-library.txt)
WORKFLOWS := $(wildcard .github/workflows/*.yml)
# Programs of a .venv name its place, and a copy's would run the code of the original: it is made anew. One that is
# a link belongs to another folder, and lies where it says.
PLACE = cd -P .venv && cd .. && pwd -P
MOVED := $(if $(wildcard .venv/.chain),$(shell read -r place < .venv/.chain; \
  test -z "$$place" -o "$$place" = "$$($(PLACE))" || echo .moved))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.dev ## Make .venv with everything that the demo and the tests need, pinned by hash
	@echo ".venv is ready"

setup-run: .venv/.chain ## Make .venv with less: no tests, no checkers; for jobs that train and release
	@echo ".venv is ready"

demo: .venv/.chain ## Run the main job, from data to a canaried model; SIZE=small is the quick one
	@$(RUN) -m slipway demo --size $(SIZE)

test: .venv/.dev ## Run the tests, on all cores up to four; JOBS=0 is one process
	@$(PYTEST) -m "not long"

test-full: .venv/.dev ## Run the long tests, those that `make test` leaves out
	@$(PYTEST) -m "long and not deep"

check: .venv/.dev ## Check format, lint, types and for secrets, and that no file differs from what is staged
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(if $(LIBRARY),$(RUN) -m mypy)
	@$(if $(WORKFLOWS),.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS))
	@$(if $(WORKFLOWS),.venv/bin/zizmor -q --offline --no-progress --persona auditor .github)
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(SECRETS) && git diff --exit-code; fi

hooks: .venv/.dev ## Have Git run the checks on the files of each commit; .venv/bin/pre-commit uninstall ends it
	@.venv/bin/pre-commit install

manifests: .venv/.dev ## Compile pipelines/ and build k8s/, and hold both against what is kept; needs kubectl
	@SLIPWAY_STRICT=1 $(RUN) -m pytest -q tests/pipelines tests/k8s

image: .venv/.chain ## Build the image that runs the pipelines, by docker, podman or buildah; ARGS="--base NAME@sha256:... --wheels FOLDER --push"
	@$(RUN) -m slipway image pipeline $(ARGS)

mlflow: .venv/.chain ## Show the embedded registry in MLflow's pages, on this machine only; PORT=5050
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

audit: .venv/.chain ## Ask the database of advisories OSV about the locked packages; no answer is no pass
	@$(AUDIT)

sign-statements: ## Sign the versions and records of STATEMENTS=folder without a key, and tag them in MLFLOW_TRACKING_URI; needs cosign and jq
	@$(SIGN_STATEMENTS)

base: ## Name the newest digest of the base image's tag in bentofile.yaml; needs docker's buildx
	@set -e; name="$$(awk '$$1 == "base_image:" { sub(/@.*/, "", $$2); print $$2 }' bentofile.yaml)"; \
	digest="$$(docker buildx imagetools inspect "$$name" --format '{{.Manifest.Digest}}')"; \
	printf '%s\n' "$$digest" | grep -Eqx 'sha256:[0-9a-f]{64}' || \
	  { echo "$$name: docker answered '$$digest', expected sha256: and 64 hexadecimal digits" >&2; exit 1; }; \
	sed "s|^\( *base_image: \).*|\1$$name@$$digest|" bentofile.yaml > .bentofile && mv .bentofile bentofile.yaml

sign: ## Sign IMAGE=repository@sha256:... with the DIGEST of its version, without a key; needs cosign
	@$(BY_DIGEST)
	@cosign sign --yes --annotations "$(BOUND)=$$DIGEST" "$$IMAGE"

verify: ## Require that SIGNER, a workflow of GitHub's, signed IMAGE with the version DIGEST; needs cosign
	@$(BY_DIGEST)
	@cosign verify --certificate-oidc-issuer $(ISSUER) --certificate-identity "$$SIGNER" \
	  --annotations "$(BOUND)=$$DIGEST" "$$IMAGE" >/dev/null
	@echo "$$IMAGE holds the version $$DIGEST and is signed by $$SIGNER"

clean: ## Remove .venv and caches; the registry and the data stay
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

reset: ## Forget every run: data, registry, records, reports; says what, and does it with YES=1
	@$(if $(filter 1,$(YES)),,$(KEPT_NOWHERE_ELSE))
	@test ! -d .slipway || find .slipway -mindepth 1 -maxdepth 1 ! -name dvc-remote ! -name trust -exec rm -rf {} +
	@rm -rf data .dvc/cache .dvc/tmp

# What follows makes .venv. A stamp is newer than its lock when the set-up ended well; anything else repeats it.

.venv/.chain: requirements.txt pyproject.toml $(LIBRARY) $(RUN) $(MOVED)
	@$(call INSTALL,requirements.txt)
	@place="$$($(PLACE))" && echo "$$place" > $@

.venv/.dev: requirements-dev.txt pyproject.toml $(LIBRARY) $(TESTED) $(RUN) $(MOVED)
	@$(call INSTALL,requirements-dev.txt $(TESTED))
	@place="$$($(PLACE))" && echo "$$place" > .venv/.chain && touch $@

# Never there, and so always newer.
.moved: ;

# Absent, or a link to a Python that is gone: the recipes above make it.
$(RUN): ;

FIT = import sys, ctypes, ensurepip, lzma, sqlite3, ssl; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# A shim may stand on PATH for a Python that is not installed, so each is tried, not looked up.
define INSTALL
set -e; \
if $(if $(MOVED),true,! $(RUN) -c 'import pip; $(FIT)' >/dev/null 2>&1); then \
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

define KEPT_NOWHERE_ELSE
echo "make reset deletes data/, .dvc/cache/, .dvc/tmp/, and .slipway/ but for dvc-remote/ and trust/: every version," >&2; \
echo "record and report of the embedded registry, which are kept nowhere else. First: slipway backup FILE.tar.gz" >&2; \
echo "Then: make reset YES=1" >&2; exit 2
endef

# The locks are complete, so nothing is resolved (--no-deps).
PIP = $(RUN) -m pip install -qq --disable-pip-version-check --no-deps

# A package that somebody took over is mostly found out within days. For a mend that cannot wait: COOLDOWN="0 days".
COOLDOWN ?= 7 days
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--exclude-newer "$(COOLDOWN)" \
	--no-emit-index-url --no-annotate $(if $(LIBRARY),--no-emit-package slipway-mlops) \
	--custom-compile-command "make lock"

# In all that Git tracks. Digests look like keys of random digits, and locks hold nothing else; a finding that is none gets
# a comment, `pragma: allowlist secret`, beside it or, with `nextline`, above it.
SECRETS = git ls-files -z | xargs -0 -n 200 -P 4 .venv/bin/detect-secrets-hook --no-verify \
	--disable-plugin HexHighEntropyString --exclude-files '^requirements[a-z-]*\.txt$$'

# No fix exists, and why it does no harm here stands in SECURITY.md; a fix that appears ends that.
ACCEPTED = GHSA-w8v5-vhqr-4h9v

# uv audits what it has locked itself: a script that asks for each of our pins, whatever their own bounds say.
define AUDIT
folder="$$(mktemp -d)"; trap 'rm -rf "$$folder"' EXIT; \
awk 'BEGIN { print "# /// script\n# requires-python = \">=3.11\"" } \
  /^[a-z0-9.-]+==/ { sub(/ \\$$/, ""); if (!seen[$$0]++) pins = pins "\n#   \"" $$0 "\"," } \
  END { print "# dependencies = [" pins "\n# ]\n# [tool.uv]\n# override-dependencies = [" pins "\n# ]\n# ///" }' \
  requirements-dev.txt $(TESTED) > "$$folder/locked.py"; \
(.venv/bin/uv lock --quiet --script "$$folder/locked.py" || exit 9) && \
.venv/bin/uv audit --frozen --preview-features audit-command --script "$$folder/locked.py" \
  $(addprefix --ignore-until-fixed ,$(ACCEPTED)) $(if $(OSV),--service-url $(OSV)); \
case $$? in \
  0) ;; \
  1) echo "audit: a locked package has a known fault: lock a version without it, make lock UPGRADE=1" >&2; exit 3;; \
  *) echo "audit: not shown, for the database or the index did not answer; that is no pass" >&2; exit 4;; \
esac
endef

# A tag can be moved between two commands. The recipes read the variable themselves, so that it is no code.
define BY_DIGEST
printf '%s\n' "$$IMAGE" | grep -Eqx '[a-z0-9._/:-]+@sha256:[0-9a-f]{64}' || \
  { echo "IMAGE: found '$$IMAGE', expected repository@sha256: and 64 hexadecimal digits" >&2; exit 2; }; \
case "$${#DIGEST}$$DIGEST" in (64*[!0-9a-f]*) false;; (64*) ;; (*) false;; esac || \
  { echo "DIGEST: found '$$DIGEST', expected the version's, 64 hexadecimal digits" >&2; exit 2; }
endef

# What is signed says what it is: no file of another kind may pass for a version or a record. Nothing is signed before
# all are known to be one. They may lie in a folder below, which is named by their registry.
define SIGN_STATEMENTS
set -e; : "$${MLFLOW_TRACKING_URI:?is not set}"; \
folder="$$(find "$${STATEMENTS:?names no folder}" -name '*.txt' -exec dirname {} \; | sort -u)"; \
count="$$(printf '%s' "$$folder" | grep -c '')" || true; \
test "$$count" = 1 || \
  { echo "$$STATEMENTS: found $$count folders of statements, expected that of one registry" >&2; exit 2; }; \
for file in "$$folder"/*.txt; do \
  case "$$(sed -n 1p "$$file")" in ("slipway version"|"slipway decision record") ;; (*) \
    echo "$$file: expected the first line 'slipway version' or 'slipway decision record'" >&2; exit 2;; \
  esac; \
done; \
for file in "$$folder"/*.txt; do \
  cosign sign-blob --yes --new-bundle-format --bundle "$$file.json" "$$file" >/dev/null; \
  jq -n --rawfile text "$$file" "$$TAGS" >"$$file.tags" \
    --arg value "keyless:sigstore:$$(base64 <"$$file.json" | tr -d '\n')"; \
  case "$$(sed -n 1p "$$file")" in (*version) call=model-versions/set-tag;; (*) call=runs/log-batch;; esac; \
  curl -sS --fail -o /dev/null -H 'Content-Type: application/json' --data @"$$file.tags" \
    "$$MLFLOW_TRACKING_URI/api/2.0/mlflow/$$call"; \
done
endef

# MLflow takes 5,000 characters in a tag of a run, and 100,000 in one of a version. A part that is not full is the last.
define TAGS
($$text | split("\n")) as [$$kind, $$said, $$number] |
if $$kind == "slipway version" then
  {name: $$said, version: $$number, key: "slipway.signature", value: $$value}
else
  ($$said | fromjson) as $$seal |
  {run_id: $$seal.run, tags: [range(0; ($$value | length) + 1; 5000) |
    {key: "slipway.signature.\($$seal.id).\(. / 5000)", value: $$value[.:. + 5000]}]}
end
endef
export TAGS

# What the signature says beside the image's own digest; the image has a label of the same name.
BOUND = org.slipway.version-digest
ISSUER = https://token.actions.githubusercontent.com

define UI
import os, socket, sys
from pathlib import Path
from slipway.base.environment import settle
from slipway.registry.place import bring_along
port = int(sys.argv[1])
try:
    socket.create_server(("127.0.0.1", port)).close()
except OSError:
    sys.exit(f"port {port} is not free; take another: make mlflow PORT={port + 1}")
print(f"http://127.0.0.1:{port} in some seconds; Ctrl-C stops it", flush=True)
settle()
bring_along(Path(".slipway/registry").resolve())
os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--workers", "1", "--port", str(port)]
os.execv(sys.executable, [*command, "--backend-store-uri", "sqlite:///.slipway/registry/mlflow.db"])
endef
export UI

# The proof and the benchmarks of slipway/, where they are.
-include .ci/library.mk
