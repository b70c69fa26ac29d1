"""GitHub's workflows as they stand, job by job, step by step and line by line."""

from pathlib import Path
from typing import Any

import yaml

from tests.repo.root import files, text

FOLDER = ".github/workflows"
NAMES = [name for name in files() if name.startswith(f"{FOLDER}/") and name.endswith((".yml", ".yaml"))]


def workflow(name: str) -> dict[str, Any]:
    """One workflow; YAML 1.1 reads its key `on` as true."""
    content: dict[Any, Any] = yaml.safe_load(text(name))
    return {("on" if key is True else key): value for key, value in content.items()}


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Every job, with the names of its workflow and its own."""
    return [(Path(name).stem, key, job) for name in NAMES for key, job in workflow(name)["jobs"].items()]


def steps() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every step, with the place and the job that it is in."""
    return [(f"{name}.{key}", job, step) for name, key, job in jobs() for step in job["steps"]]


def lines() -> list[tuple[str, str]]:
    """Every line that a job runs, with its place."""
    return [(place, line) for place, _, step in steps() for line in step.get("run", "").splitlines()]


def ran(program: str) -> list[str]:
    """The lines that call a program, each once."""
    return sorted({line for _, line in lines() if line.startswith(f"{program} ")})
