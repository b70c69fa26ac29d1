"""A copy of the project in a folder with a space in its name, in which the main job ran once."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.slipway.root import ROOT

PARTS = ("slipway", "systems", "components", "pipelines", ".dvc", "dvc.yaml", "dvc.lock", "project.yaml")


@dataclass(frozen=True)
class Copy:
    """A project of its own, with its own state."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The copy's code first, no home folder to find settings in, no registry but its own."""
        environment = os.environ | {"PYTHONPATH": str(self.root), "HOME": str(self.root.parent)}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        return environment

    def slipway(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of slipway to its end."""
        return self.run("slipway", *arguments)

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module's command to its end."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *arguments: str, session: bool = False) -> subprocess.Popen[str]:
        """Start a command that heeds Ctrl-C, also where a script started the tests in the background.

        Args:
            session: one of its own, by which all that it started can be ended.
        """
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "slipway", *arguments],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=session,
                text=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def git(self, *arguments: str) -> str:
        """Run Git in the copy."""
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    @property
    def card(self) -> Path:
        """The design card."""
        return self.root / "systems" / "ad_click" / "system.yaml"

    def change_card(self, **sections: dict) -> None:
        """Change keys of sections of the design card."""
        content = yaml.safe_load(self.card.read_text())
        for section, changes in sections.items():
            content[section] = content.get(section, {}) | changes
        self.card.write_text(yaml.safe_dump(content, sort_keys=False))


def copy_project(folder: Path) -> Copy:
    """Copy what Git would, in a repository of its own without an identity."""
    root = folder / "a project"
    root.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "tmp", "cache")
            shutil.copytree(source, root / part, ignore=ignored)
        else:
            shutil.copyfile(source, root / part)
    for name in (
        "bentofile.yaml",
        ".gitignore",
        ".dvcignore",
        "requirements.txt",
        "requirements-serving.txt",
    ):
        shutil.copyfile(ROOT / name, root / name)
    copy = Copy(root)
    copy.change_card(rollout={"guardrails": {"max_latency_ratio": 50}})  # what else runs here is no evidence
    copy.git("init", "-q")
    copy.git("add", "-A")
    copy.git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "start")
    return copy


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which nothing has run, with fewer rows."""
    return copy_project(tmp_path_factory.mktemp("chain"))
