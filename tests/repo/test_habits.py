"""Editors, Git's hook and reviewers are told what the checks and the documents say."""

import re
import tomllib

import pytest
import yaml

from tests.demanded import absent
from tests.repo.habits import owners, wanted
from tests.repo.root import files, text

HOOKS, EDITORS = ".pre-commit-config.yaml", ".editorconfig"
OWNERS = next((name for name in files() if name.endswith(".github/CODEOWNERS")), None)
PLACEHOLDER = "@OWNER/REVIEWERS"
REVIEWED = re.compile(
    r"systems/.+|project\.yaml|\.github/.+|k8s/.+|pyproject\.toml|requirements[a-z-]*\.txt|bentofile\.yaml|"
    r"Makefile|dvc\.(yaml|lock)|\.dvc/config|\.pre-commit-config\.yaml"
)
"""What is decided by, who signs, what runs with rights, what is installed, and which data."""
BYTES = re.compile(r".+\.(png|xz|csv|parquet|svg)|(.+/)?golden/.+")
"""Files that a program writes, or that are no text."""


@pytest.mark.skipif(HOOKS not in files(), reason="Git runs nothing before a commit here")
def test_the_hook_runs_what_make_check_runs() -> None:
    """Each command with the same words, all of them, of .venv and without a download."""
    makefile = re.sub(r"\s*\\\n\t+", " ", text("Makefile")).replace("$(RUN) -m ", ".venv/bin/")
    recipe = re.search(r"^check: .+\n((?:\t.+\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    secrets = re.search(r"^SECRETS = .+", makefile, re.MULTILINE)
    assert secrets is not None
    checked = recipe[1] + secrets[0]
    programs = set(re.findall(r"\.venv/bin/[a-z-]+(?: check| format)?", checked))

    config = yaml.safe_load(text(HOOKS))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        assert hook["entry"].replace(" --force-exclude", "") in checked
        assert hook.get("exclude", "").replace("$", "$$") in checked
    found = {re.match(r"\S+(?: check| format)?", hook["entry"])[0] for hook in hooks}  # type: ignore[index]
    assert found == programs


@pytest.mark.skipif(EDITORS not in files(), reason="editors are told nothing here")
def test_editors_are_told_what_ruff_and_make_want() -> None:
    """Widths and tabs."""
    ruff = tomllib.loads(text("pyproject.toml"))["tool"]["ruff"]
    python, make = (wanted(text(EDITORS), name) for name in ("slipway/a.py", "Makefile"))
    assert int(python["max_line_length"]) == ruff["line-length"]
    assert (python["indent_style"], python["indent_size"]) == ("space", "4")
    assert make["indent_style"] == wanted(text(EDITORS), ".ci/a.mk")["indent_style"] == "tab"
    assert wanted(text(EDITORS), "docs/a.yaml")["indent_size"] == "2"


@pytest.mark.skipif(EDITORS not in files(), reason="editors are told nothing here")
def test_files_are_as_editors_would_save_them() -> None:
    """Else each save would change lines that nobody touched."""
    wrong = []
    for name in files():
        if BYTES.fullmatch(name) or not (content := text(name)):
            continue
        told = wanted(text(EDITORS), name)
        lines = content.split("\n")
        if told["insert_final_newline"] == "true" and lines[-1]:
            wrong.append(f"{name}: no newline at the end")
        if told["trim_trailing_whitespace"] == "true" and any(line != line.rstrip() for line in lines):
            wrong.append(f"{name}: spaces at the end of a line")
        if told.get("indent_style") == "space" and any(line.startswith("\t") for line in lines):
            wrong.append(f"{name}: a tab")
    assert wrong == []


@pytest.mark.skipif(OWNERS is None, reason="no CODEOWNERS")
def test_what_decides_is_reviewed() -> None:
    """Whatever is added to those places."""
    told = text(OWNERS or "")
    assert [name for name in files() if REVIEWED.fullmatch(name) and not owners(told, name)] == []


@pytest.mark.skipif(OWNERS != ".github/CODEOWNERS", reason="no CODEOWNERS of this project's own")
def test_reviewers_are_named() -> None:
    """GitHub takes no notice of a line that names nobody; with SLIPWAY_STRICT=1 this fails until you are."""
    if PLACEHOLDER in text(OWNERS or ""):
        absent(f"{OWNERS} names {PLACEHOLDER}: write who reviews, or remove the file")
