"""docs/tutorial.md, done as it says."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.slipway.chain.conftest import Copy
from tests.slipway.root import REPOSITORY
from tests.slipway.starter.tables import PROJECT, churn, write

TEXT = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")
ROWS = 6000
PROGRAMS = {"slipway", "grep", "pytest", "git"}
PARTS = ("slipway", "components", "pipelines", "bentofile.yaml", "dvc.yaml", ".gitignore", ".dvcignore")


def commands() -> list[list[str]]:
    """The lines of code that call a program, in their order."""
    lines = re.findall(r"^ {4}(\S.*)$", TEXT, re.MULTILINE)
    return [shlex.split(line) for line in lines if line.split()[0] in PROGRAMS]


def code() -> str:
    """The only block of Python."""
    (block,) = re.findall(r"^```python\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(block)


def told() -> list[str]:
    """What the tutorial says that `new-system` prints."""
    block = re.search(r"((?: {4}.+\n)+)\nA date on which", TEXT)
    assert block
    return [line.strip() for line in block[1].splitlines()]


def test_the_commands_are_all_there() -> None:
    """None is lost by how they are found."""
    assert [words[0] for words in commands()].count("slipway") == TEXT.count("\n    slipway ")
    assert len(commands()) == 12
    assert "def own(" in code()


def test_the_example_is_the_table_that_is_used() -> None:
    """Its first lines, as a reader sees them."""
    assert "".join(f"    {line}\n" for line in churn(ROWS)[:3]) in TEXT


@pytest.fixture
def blank(tmp_path: Path) -> Copy:
    """A project as the template makes it, without a system, and the table in the home folder."""
    copy = Copy(tmp_path / "a project")
    copy.root.mkdir()
    names = [name for part in (*PARTS, ".dvc", "requirements*.txt") for name in _files(part)]
    for name in names:
        write(copy.root / name, [])
        (copy.root / name).write_bytes((REPOSITORY / name).read_bytes())
    write(copy.root / "project.yaml", PROJECT.splitlines())
    write(tmp_path / "customers.csv", churn(ROWS))
    copy.git("init", "-q")
    copy.git("config", "user.name", "Somebody")
    copy.git("config", "user.email", "somebody@example.com")
    copy.git("add", "-A")
    copy.git("commit", "-q", "-m", "start")
    return copy


def _files(part: str) -> list[str]:
    """What Git knows of a part, also what is new."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run([*command, "--", part], capture_output=True, text=True, check=True).stdout
    return [name for name in set(listed.split("\0")) if name and (REPOSITORY / name).is_file()]


def run(copy: Copy, words: list[str]) -> subprocess.CompletedProcess[str]:
    """One command of the tutorial; `~` is the folder that the project lies in."""
    program, *arguments = [word.replace("~", str(copy.root.parent)) for word in words]
    if program in ("slipway", "pytest"):
        return copy.run(program, *arguments)
    command = [program, *arguments]
    return subprocess.run(
        command, cwd=copy.root, env=copy.environment, capture_output=True, text=True, check=False
    )


def make_patient(card: Path) -> None:
    """Set the canary a latency guardrail that a busy machine cannot trip."""
    text = card.read_text().replace(": {min_requests", ": {max_latency_ratio: 1000, min_requests")
    assert "max_latency_ratio: 1000" in text
    card.write_text(text)


@pytest.mark.deep
def test_the_tutorial_does_what_it_says(blank: Copy) -> None:
    """Each command in its order, and the code where it belongs."""
    printed: dict[str, str] = {}
    for words in commands():
        if words[0] == "pytest":
            features = blank.root / "systems/churn/features.py"
            text = features.read_text()
            features.write_text(text[: text.index("def own(")] + code())
        ran = run(blank, words)
        allowed = {0, 3} if words[1] == "train" else {0}
        assert ran.returncode in allowed, f"{words}\n{ran.stdout}{ran.stderr}"
        printed.setdefault(" ".join(words[:2]), ran.stdout)
        if words[1] == "new-system":
            make_patient(blank.root / "systems/churn/system.yaml")

    assert [line for line in told() if line not in printed["slipway new-system"]] == []
    assert "Nothing is in production: the baseline goes first." in printed["slipway demo"]
    assert "was promoted to production" in printed["slipway demo"]
    assert "shadow.metric" in printed["slipway plan"]
    assert "the split is random" not in printed["slipway new-system"]
    assert (blank.root / "systems/churn/source/churn.csv").is_file()
    assert blank.git("status", "--porcelain", "systems/churn") == ""
