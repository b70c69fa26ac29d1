"""No test breaks because somebody edits a card in `systems/`, or has files of their own."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.template.conftest import OTHER, Bake, git
from tests.template.test_own_checks import passes

OF_A_PROJECT = {
    "README.md": "# Ours\n\nOf our own making.\n",
    "mine/utils/helpers.py": "import slipway.data.check\n",
    "mine/README.md": "Run `make nothing`, then `slipway nothing`; see [there](gone.md).\n",
    "docs/ours.md": "# Ours\n\nWhat `mine/gone/` was for.\n",
    ".github/workflows/ours.yml": "name: ours\non: push\njobs:\n  a:\n    steps:\n      - run: npm test\n",
}
LIBRARY = (
    "settings/test_load.py",
    "settings/test_project.py",
    "system",
    "data/test_stages.py",
    "starter/test_render.py",
    "test_architecture.py",
)


@pytest.mark.deep
def test_a_project_may_have_files_of_its_own(bake: Bake, tmp_path: Path) -> None:
    """Committed ones, such as another README, a folder, a document and a workflow; and a log beside them."""
    made = bake(**OTHER, system="blank")
    project = shutil.copytree(made, tmp_path / made.name, ignore=shutil.ignore_patterns(".venv"))
    for name, content in OF_A_PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "ours")
    (project / "test.log").write_text("https://example.com\n")

    passes(project, "make", "test", "JOBS=0")


@pytest.fixture
def edited(template: Path, tmp_path: Path) -> Path:
    """This repository with a system that is broken, other settings, and files that Git does not know."""
    root = shutil.copytree(template, tmp_path / "slipway")
    (root / "systems" / "ad_click" / "system.yaml").write_text("name: [ours\n")
    (root / "systems" / "ad_click" / "features.py").write_text("raise RuntimeError\n")
    settings = (root / "project.yaml").read_text()
    (root / "project.yaml").write_text(settings.replace("ad_click", "ours"))
    (root / "test.log").write_text("https://example.com\n")
    (root / "mine" / "utils").mkdir(parents=True)
    (root / "mine" / "utils" / "helpers.py").write_text("import slipway\n")
    return root


@pytest.mark.deep
def test_the_tests_of_the_library_stand_on_their_own_example(edited: Path) -> None:
    """They read nothing of `systems/` and `project.yaml`; documents and locks do not mind a log either."""
    tests = [f"tests/slipway/{name}" for name in LIBRARY]
    others = ["tests/repo", "tests/template/test_docs.py::test_every_root_entry_is_named"]

    passes(edited, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests, *others)
