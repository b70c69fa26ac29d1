"""What kustomize makes of a folder of manifests."""

import shutil
import subprocess
from typing import Any

import yaml

from tests.demanded import absent
from tests.root import REPOSITORY


def kustomize(folder: str) -> list[dict[str, Any]]:
    """The resources, in kustomize's order; skips where there is no kubectl."""
    if shutil.which("kubectl") is None:
        absent("no kubectl, which holds kustomize")
    command = ["kubectl", "kustomize", folder]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))
