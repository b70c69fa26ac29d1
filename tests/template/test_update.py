"""`slipway update` from an older release of this very template, over edits such as a user makes."""

import json
import shutil
from pathlib import Path

import pytest

from slipway import __version__
from slipway.update.edited import edited
from slipway.update.merge import merged
from tests.template.conftest import OTHER, cookiecutter, git
from tests.template.test_own_checks import passes

OLDER = "0.0.9"
EDITED = "tests/slipway/test_runs.py"


@pytest.fixture(scope="module")
def releases(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with two releases: an older one, made up of this one, and this one.

    The older one bakes the library's tests too, as releases once did.
    """
    root = shutil.copytree(template, tmp_path_factory.mktemp("releases") / "slipway", symlinks=True)
    version, makefile, base = root / "slipway" / "__init__.py", root / "Makefile", root / "k8s/base"
    version.write_text(version.read_text().replace(__version__, OLDER))
    makefile.write_text(makefile.read_text().replace("## Run the tests,", "## Run tests,"))
    (root / "slipway" / "records" / "history.py").rename(root / "slipway" / "past.py")
    (base / "old.yaml").write_text("kind: Old\n")
    (root / "docs" / "wheel.md").unlink()
    hook = root / "hooks" / "pre_prompt.py"
    hook.write_text(hook.read_text().replace('    "tests/slipway/",\n', ""))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "older")
    git(root, "tag", f"v{OLDER}")
    git(root, "checkout", "--quiet", "HEAD~1", "--", ".")
    git(root, "rm", "--quiet", "-f", "slipway/past.py", "k8s/base/old.yaml")
    git(root, "commit", "--quiet", "--message", "newer")
    git(root, "tag", f"v{__version__}")
    assert git(root, "diff", "--stat", "HEAD~2", "HEAD") == ""
    return root


@pytest.fixture
def project(releases: Path, tmp_path: Path) -> Path:
    """A project of the older release, with edits."""
    older = ("--checkout", f"v{OLDER}")
    done = cookiecutter(f"git+file://{releases}", tmp_path, *older, **OTHER, system="ad_click")
    assert done.returncode == 0, done.stdout + done.stderr
    root = tmp_path / OTHER["project_slug"]
    card = root / "systems" / "ad_click" / "system.yaml"
    card.write_text(card.read_text() + "# ours\n")
    (root / "README.md").write_text((root / "README.md").read_text() + "\n## Ours\n\nA word of ours.\n")
    (root / "Makefile").write_text((root / "Makefile").read_text() + "\nours: ## Ours\n\t@echo ours\n")
    shutil.rmtree(root / ".devcontainer")
    (root / EDITED).write_text((root / EDITED).read_text() + "\n# ours\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "edits")
    return root


@pytest.mark.deep
def test_an_older_project_becomes_one_of_this_template(project: Path, releases: Path) -> None:
    """Merged without a conflict, the edits in place, and it passes what a new one passes."""
    found = merged(project, str(releases), None)

    assert (found.before, found.after, found.conflicts, found.left) == (
        OLDER,
        __version__,
        [],
        [".devcontainer", EDITED],
    )
    assert (project / "slipway" / "records" / "history.py").exists()
    assert not (project / "slipway" / "past.py").exists()
    assert not (project / "k8s" / "base" / "old.yaml").exists()
    assert (project / "docs" / "wheel.md").exists()
    assert "## Run the tests," in (project / "Makefile").read_text()
    assert (project / "Makefile").read_text().endswith("ours: ## Ours\n\t@echo ours\n")
    assert (project / "systems/ad_click/system.yaml").read_text().endswith("# ours\n")
    assert not (project / ".devcontainer").exists()
    tests = git(project, "ls-files", "tests/slipway").splitlines()
    assert tests == [EDITED]
    assert edited(project / "slipway") == []
    record = json.loads((project / ".template.json").read_text())
    assert (record["version"], record["commit"]) == (__version__, git(releases, "rev-parse", "HEAD").strip())
    git(project, "commit", "--quiet", "--message", "update")
    passes(project, ".venv/bin/python", "-m", "pytest", "-q", "-x", "tests/repo", "tests/systems")
