"""Every line that a workflow runs can be run by hand, and is tested as what a person does."""

import ast
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repo.root import text
from tests.repo.workflows import lines, ran
from tests.root import REPOSITORY
from tests.template.test_makefile import make, project

__all__ = ["project"]

LIBRARY = "tests/slipway"
REPRODUCED = "test_data_is_made_anew_where_its_source_changed"
GIT = "git add --update"
"""The one line that is neither make nor slipway: `make check` asks for staged files, new locks are not."""
RUN_BY = {
    "data check": f"{LIBRARY}/data/test_commands.py::test_three_stages",
    "data ingest": f"{LIBRARY}/data/test_commands.py::test_three_stages",
    "data reproduce": f"{LIBRARY}/stages/data/test_reproduce.py::{REPRODUCED}",
    "doctor": f"{LIBRARY}/stages/test_release.py::test_a_machine_that_is_thrown_away_needs_a_shared_registry",
    "package": f"{LIBRARY}/stages/test_release.py::test_the_staged_version_is_packaged",
    "publish": f"{LIBRARY}/stages/test_release.py::test_a_version_is_published_by_digest",
    "report": f"{LIBRARY}/stages/test_release.py::test_the_verdict_is_printed_or_written_as_markdown",
    "rollout": f"{LIBRARY}/stages/test_release.py::test_a_rollout_of_this_machine_does_not_begin",
    "ui": f"{LIBRARY}/cli/test_ui.py::test_a_project_without_decisions_has_a_page",
    "train": f"{LIBRARY}/chain/test_demo.py::worse",
}
"""The test, or the fixture of tests, that runs a command as a person would."""
LINE = re.compile(
    r"""(make|\.venv/bin/slipway)( [\w./=:-]+| "\$\w+"| \$\{\w+:\+--\w+ "\$\w+"\})*( >> "\$GITHUB_\w+")?"""
)
"""One command, whose words nothing is put together with, and whose failure nothing hides."""
DIGEST, VERSION_LABEL = "ab" * 32, "org.slipway.version-digest"
IMAGE = f"registry.example.org/a/b@sha256:{'0' * 64}"
SIGNED = [f"IMAGE={IMAGE}", f"DIGEST={DIGEST}"]
GIVEN = {
    "sign": SIGNED,
    "sign-statements": ["STATEMENTS=statements", "MLFLOW_TRACKING_URI=http://localhost"],
    "verify": [*SIGNED, "SIGNER=x"],
}
"""What GitHub gives a target as variables."""
HOSTILE = "1\"; touch pwned; $(touch pwned) '"


def test_every_line_calls_make_or_slipway() -> None:
    """So that what CI does can be done by hand, and is tested as what a person does."""
    assert [(place, line) for place, line in lines() if not LINE.fullmatch(line) and line != GIT] == []


@pytest.mark.parametrize(
    "more", ["|| true", "; touch other", "&& other", "| tee log", "$(other)", "> project.yaml"]
)
def test_a_line_that_hides_a_failure_is_none(more: str) -> None:
    """Nor is one that does something else too."""
    assert LINE.fullmatch(".venv/bin/slipway data check")
    assert not LINE.fullmatch(f".venv/bin/slipway data check {more}")


@pytest.mark.parametrize("line", ran("make"))
def test_every_make_line_ends_well(project: Path, line: str) -> None:
    """The target exists and does what it does with Python, uv and cosign that write down their calls."""
    assert make(project, "setup").returncode == 0
    shutil.copy(project / "bin/python3.12", project / ".venv/bin/uv")
    for name in ("cosign", "curl", "jq"):
        shutil.copy(project / "bin/python3.12", project / "bin" / name)
    for name in ("base64", "dirname", "grep", "mv", "sed", "sort", "tr"):
        (project / "bin" / name).symlink_to(str(shutil.which(name)))
    (project / "statements").mkdir()
    (project / "statements/a.txt").write_text("slipway version\nproject.system\n7\n0123\n")
    (project / "statements/a.txt.json").write_text("{}")
    words = shlex.split(line.partition(" >> ")[0])[1:]
    (project / "dist/locks").mkdir(parents=True)
    for name in ("requirements", "requirements-dev", "requirements-serving"):
        (project / f"dist/locks/{name}.txt").write_text("newer\n")
    (project / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci/library.mk", project / ".ci")
    (project / "calls").unlink()
    (project / "bin/docker").write_text(f'#!/bin/sh\necho "$@" >> calls\necho sha256:{"0" * 64}\n')
    (project / "bin/docker").chmod(0o755)
    shutil.copy(REPOSITORY / "bentofile.yaml", project)
    done = make(project, *words, *GIVEN.get(words[0], []))

    assert done.returncode == 0, done.stderr
    assert (project / "calls").is_file() or words[0] in ("setup", "setup-run", "locks")


def signing(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call make with a cosign that writes down its call."""
    shutil.copy(project / "bin/python3.12", project / "bin/cosign")
    (project / "bin/grep").symlink_to(str(shutil.which("grep")))
    return make(project, *words)


@pytest.mark.parametrize("target", ["sign", "verify"])
def test_a_signature_says_the_version(project: Path, target: str) -> None:
    """Made with the digest of the version inside, and found good only with that."""
    assert signing(project, target, f"IMAGE={IMAGE}", f"DIGEST={DIGEST}", "SIGNER=me").returncode == 0

    (call,) = (project / "calls").read_text().splitlines()
    assert f"--annotations org.slipway.version-digest={DIGEST}" in call
    assert call.endswith(IMAGE)
    assert ("--certificate-identity me" in call) is (target == "verify")
    assert f"{VERSION_LABEL}=${{VERSION_DIGEST}}" in text("slipway/release/Dockerfile")


@pytest.mark.parametrize("target", ["sign", "verify"])
@pytest.mark.parametrize(
    "digest", ["", "12", "AB" * 32, "g" * 64, "a" * 65, "a" * 63, f"{'a' * 64} b", "'; touch pwned'"]
)
def test_only_with_the_digest_of_a_version(project: Path, target: str, digest: str) -> None:
    """Without it a signature would be good for an image of any version."""
    done = signing(project, target, f"IMAGE={IMAGE}", f"DIGEST={digest}")

    assert done.returncode != 0
    assert "DIGEST: found" in done.stderr
    assert not (project / "calls").exists()
    assert not (project / "pwned").exists()


@pytest.mark.parametrize("target", ["sign", "verify"])
@pytest.mark.parametrize("image", ["", "a/b:latest", "a/b@sha256:12", f"'; touch pwned' a@sha256:{'0' * 64}"])
def test_only_a_digest_is_signed(project: Path, target: str, image: str) -> None:
    """A tag may be moved between the push and the signature."""
    done = signing(project, target, f"IMAGE={image}", f"DIGEST={DIGEST}")

    assert done.returncode != 0
    assert "expected repository@sha256:" in done.stderr
    assert not (project / "calls").exists()
    assert not (project / "pwned").exists()


def called(tmp_path: Path, line: str, value: str) -> list[str]:
    """The words that slipway gets from a line of a workflow, whose variables all have one value."""
    program = tmp_path / ".venv/bin/slipway"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > words\n')
    program.chmod(0o755)
    names = set(re.findall(r"\$\{?(\w+)", line))
    values = dict.fromkeys(names, value) | {name: "out" for name in names if name.startswith("GITHUB_")}
    subprocess.run(
        ["bash", "-e", "-c", line], cwd=tmp_path, env={"PATH": os.environ["PATH"]} | values, check=True
    )
    return (tmp_path / "words").read_text().split("\0")[:-1]


@pytest.mark.parametrize("line", ran(".venv/bin/slipway"))
def test_every_slipway_line_is_understood(tmp_path: Path, line: str) -> None:
    """The command and its options exist, and a test runs the command."""
    from typer.main import get_command

    from slipway.cli import app

    words = called(tmp_path, line, "small" if "$SIZE" in line else "3")
    command, path = get_command(app), []
    while hasattr(command, "commands") and not (path and words[0].startswith("-")):
        path.append(words.pop(0))
        command = command.commands[path[-1]]
    command.make_context(path[-1], words)

    file, name = RUN_BY[" ".join(path)].split("::")
    functions = [node for node in ast.walk(ast.parse(text(file))) if isinstance(node, ast.FunctionDef)]
    (function,) = (node for node in functions if node.name == name)
    assert path[-1] in [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize(
    "line", [line for line in ran(".venv/bin/slipway") if re.search(r"\$\{?(?!GITHUB_)[A-Z]", line)]
)
def test_an_input_is_never_code(tmp_path: Path, line: str) -> None:
    """Whatever somebody types into the form of a workflow is one word."""
    words = called(tmp_path, line, HOSTILE)

    assert not (tmp_path / "pwned").exists()
    assert words.count(HOSTILE) == len(set(re.findall(r"\$\{?(?!GITHUB_)([A-Z]+)", line)))
