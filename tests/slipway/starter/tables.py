"""Small tables as a user may have them, and a project without systems."""

import shutil
import subprocess
from pathlib import Path

import numpy as np

from tests.slipway.root import REPOSITORY

PROJECT = """\
# Who we are.
schema_version: 1
name: my-project
description: A project of my own
image_repository: registry.example.com/my-project
systems: [] # slipway new-system makes one
"""


def blank(root: Path) -> Path:
    """A repository with settings, DVC's and its own, and nothing else."""
    (root / ".dvc").mkdir(parents=True)
    for name in ("config", ".gitignore"):
        shutil.copyfile(REPOSITORY / ".dvc" / name, root / ".dvc" / name)
    (root / ".gitignore").write_text(".slipway/\n/data/\n")
    (root / "project.yaml").write_text(PROJECT)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def churn(rows: int = 1500, seed: int = 0) -> list[str]:
    """Customers and whether they left, as the lines of a CSV: with ids, a constant and a leak.

    Calls keep old customers and drive new ones away, which no sum of effects can say.
    """
    random = np.random.default_rng(seed)
    plan = np.array(["basic", "plus", "pro"])[random.integers(0, 3, rows)]
    months, calls = random.integers(0, 48, rows), random.poisson(2, rows)
    spend = np.round(random.gamma(2.0, 20.0, rows), 2)
    apart = np.where((months < 18) == (calls >= 2), 2.0, -2.0)
    left = random.random(rows) < 1 / (1 + np.exp(1 - apart - 1.2 * (plan == "basic") + 0.02 * months))
    lines = ["Customer-ID,signed up,Plan,months,calls,spend,country,ended,churned"]
    for row in range(rows):
        day = f"2026-{1 + row * 9 // rows:02d}-{1 + row % 28:02d} {row % 24:02d}:15:00"
        money = "NA" if row % 17 == 0 else f"{spend[row]:.2f}"
        ended = "2026-10-01" if left[row] else ""
        lines.append(
            f"C{row:05d},{day},{plan[row]},{months[row]},{calls[row]},{money},NL,{ended},"
            f"{'yes' if left[row] else 'no'}"
        )
    return lines


def write(path: Path, lines: list[str]) -> Path:
    """A text file of these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def listing(root: Path) -> dict[str, bytes]:
    """Every file of a project but what is ignored, with its content."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return {name: (root / name).read_bytes() for name in names if name}
