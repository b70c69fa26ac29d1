"""The manifests, and the schemas that they are held against."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.k8s.crd import load_schema
from tests.root import REPOSITORY


@pytest.fixture
def service() -> dict[str, Any]:
    """The InferenceService of the base, a copy for each test."""
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "k8s/base/inferenceservice.yaml").read_text())
    return content


@pytest.fixture(scope="session")
def service_schema() -> dict[str, Any]:
    """KServe's schema of an InferenceService, from beside the checkout."""
    folder = Path(os.environ.get("SLIPWAY_CRDS") or REPOSITORY.parent / "shared" / "crds")
    path = folder / "serving.kserve.io_inferenceservices.yaml.gz"
    if not path.is_file():
        pytest.skip(f"no CRDs at {folder}; SLIPWAY_CRDS may name their folder")
    return load_schema(path)
