"""The small demo in a copy of the project: seconds per stage, and what a run costs that changes nothing.

python benchmarks/bench_demo.py
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.slipway.root import ROOT

PARTS = (
    "slipway",
    "systems",
    "components",
    "pipelines",
    ".dvc",
    "dvc.yaml",
    "dvc.lock",
    ".gitignore",
    ".dvcignore",
)
FILES = ("project.yaml", "bentofile.yaml", "requirements.txt", "requirements-serving.txt")
SIZE = ("--size", "small")

Lines = list[tuple[float, str]]
"""What a command said, each line with the seconds since it began; last, an empty one at its end."""


def main() -> None:
    """Print one line per stage of the data and per pipeline, and the ratio of the second run to the first."""
    from slipway.settings.root import Project

    card = Project(ROOT).card("ad_click")
    print(
        f"{card.data.source.rows['small']} rows, seeds {card.data.source.seed} and {card.models.seed}; "
        f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}; Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory() as temporary:
        root = _copy(Path(temporary))
        for stage in ("ingest", "check", "split"):
            print(f"slipway data {stage}: {_seconds(_run(root, 'data', stage, *SIZE)):.1f} s")
        shutil.rmtree(root / "data")
        first = _run(root, "demo", *SIZE)
        for part in _parts(first):
            print(part)
        again = _run(root, "demo", *SIZE)
    if not any("Nothing changed" in line for _, line in again):
        raise SystemExit("the second run did not find that nothing had changed")
    full, unchanged = _seconds(first), _seconds(again)
    print(f"demo {full:.1f} s; unchanged {unchanged:.1f} s; unchanged / full {unchanged / full:.3f}")


def _copy(folder: Path) -> Path:
    """The project as Git would clone it, without what it has made."""
    root = folder / "project"
    root.mkdir()
    for name in PARTS + FILES:
        if (ROOT / name).is_dir():
            made = shutil.ignore_patterns("__pycache__", "tmp", "cache")
            shutil.copytree(ROOT / name, root / name, ignore=made)
        else:
            shutil.copyfile(ROOT / name, root / name)
    git = ["git", "-C", str(root), "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], check=True)  # noqa: S603 - no user input
    return root


def _run(root: Path, *arguments: str) -> Lines:
    """Run a command of slipway in the copy, on the copy's code."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    environment |= {"PYTHONPATH": str(root), "HOME": str(root.parent)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    begun = time.perf_counter()
    running = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "slipway", *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with running:
        said = [(time.perf_counter() - begun, line.rstrip()) for line in running.stdout or ()]
    if running.returncode:
        raise SystemExit(f"slipway {' '.join(arguments)}: {said[-1][1] if said else 'it said nothing'}")
    return [*said, (time.perf_counter() - begun, "")]


def _seconds(said: Lines) -> float:
    return said[-1][0]


def _parts(said: Lines) -> list[str]:
    """The data, and each pipeline with its tasks, from the moments at which the demo named them."""
    end = next(number for number, (_, line) in enumerate(said) if not line)
    marks = [(at, line) for at, line in said[:end] if not line.startswith("    ")] + [(said[end][0], "end")]
    found = []
    for place, (at, line) in enumerate(marks[:-1]):
        task = line.startswith(" ")
        until = next(then for then, other in marks[place + 1 :] if task or not other.startswith(" "))
        found.append(f"{line}: {until - at:.1f} s")
    return found


if __name__ == "__main__":
    main()
