"""`make check` finds a secret in any file that Git tracks, here and in a bake."""

import shutil
import string
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.template.conftest import OTHER, Bake, git, lend_environment
from tests.template.test_makefile import make, project

__all__ = ["project"]

DRAW = Random(4)  # noqa: S311 - what it draws is no secret
UPPER = string.ascii_uppercase + string.digits


def drawn(count: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Made up here, so that no file of the tree holds what is looked for."""
    return "".join(DRAW.choice(letters) for _ in range(count))


PLANTED = {
    "aws key": ("deploy.py", f'KEY = "AKIA{drawn(16, UPPER)}"\n'),
    "aws secret": ("deploy.ini", f"aws_secret_access_key = {drawn(40)}\n"),
    "dvc remote": (".dvc/config", f"['remote \"s3\"']\n    access_key_id = AKIA{drawn(16, UPPER)}\n"),
    "private key": ("key.pem", f"-----BEGIN {'RSA'} PRIVATE KEY-----\n{drawn(64)}\n"),
    "ssh key": ("id", f"-----BEGIN {'OPENSSH'} PRIVATE KEY-----\n{drawn(64)}\n"),
    "service account": ("gcp.json", f'{{"private_key": "-----BEGIN {"PRIVATE"} KEY-----\\n{drawn(60)}"}}\n'),
    "password in url": ("project.yaml", f"tracking_uri: https://ml:{drawn(12)}@mlflow.example.org\n"),
    "password of a database": ("db.yaml", f"uri: postgresql://ml:{drawn(12)}@db.example.org/mlflow\n"),
    "github token": ("ci.sh", f"export TOKEN=ghp_{drawn(36)}\n"),
    "gitlab token": ("ci.txt", f"glpat-{drawn(20)}\n"),
    "slack": (
        "tell.py",
        f'U = "https://hooks.slack.com/services/T{drawn(8, UPPER)}/B{drawn(8, UPPER)}/{drawn(24)}"\n',
    ),
    "mlflow password": (".env", f"MLFLOW_TRACKING_PASSWORD={drawn(16)}\n"),
    "mlflow password in code": ("run.py", f'environ["MLFLOW_TRACKING_PASSWORD"] = "{drawn(16)}"\n'),
}
CLEAN = {
    "digest": f"sha256: {drawn(64, '0123456789abcdef')}\n",
    "a word": "The password stands in nobody's file.\n",
    "told": f"url = 'https://a:{drawn(9)}@example.org'  # pragma: {'allowlist'} secret\n",
}


@pytest.fixture
def checked(project: Path) -> Path:
    """A repository in which `make check` calls the real scanner."""
    assert make(project, "setup").returncode == 0
    programs = {name: Path(sys.executable).parent / name for name in ("detect-secrets-hook",)}
    programs |= {name: Path(str(shutil.which(name))) for name in ("git", "xargs")}
    for name, program in programs.items():
        (project / (".venv/bin" if name.startswith("detect") else "bin") / name).symlink_to(program)
    git(project, "init", "--quiet")
    (project / ".gitignore").write_text("/bin/\n/.venv/\n/calls\n")
    return project


def staged(folder: Path, name: str, content: str) -> subprocess.CompletedProcess[str]:
    """`make check` after a file was staged."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    git(folder, "add", "--all")
    return make(folder, "check")


@pytest.mark.parametrize("kind", PLANTED)
def test_a_secret_is_refused(checked: Path, kind: str) -> None:
    """The line names the file, and shows nothing of what it found."""
    name, content = PLANTED[kind]
    done = staged(checked, name, content)

    assert done.returncode != 0
    assert name in done.stdout
    assert content.strip() not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", CLEAN)
def test_what_is_none_is_not(checked: Path, kind: str) -> None:
    """Digests, words, and what somebody has looked at and said so in the line."""
    done = staged(checked, "notes.txt", CLEAN[kind])
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_not_lost_among_many_files(checked: Path) -> None:
    """Files are looked at in several processes; one that finds something is enough."""
    for number in range(450):
        (checked / f"{number}.txt").write_text("nothing\n")
    name, content = PLANTED["github token"]
    assert staged(checked, name, content).returncode != 0


@pytest.mark.deep
def test_a_secret_in_a_bake_is_refused(bake: Bake, tmp_path: Path) -> None:
    """A project as it is made has none (test_own_checks.py); one that is put into it is found there too."""
    made = bake(**OTHER, system="blank")
    copy = shutil.copytree(made, tmp_path / made.name, ignore=shutil.ignore_patterns(".venv"))
    environment = lend_environment(copy)
    name, content = PLANTED["mlflow password"]
    (copy / name).write_text(content)
    git(copy, "add", "--all")
    done = subprocess.run(
        ["make", "check"], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert name in done.stdout
