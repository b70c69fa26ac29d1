"""A system as `new-system` made it when each had a dvc.yaml of its own, brought to the one at the root.

`older/` holds what that version left of 1,500 rows, lock included; each name ends in `.txt` so that no tool
takes it for what it is.
"""

import json
import re
import shutil
import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.base.errors import Refused, SlipwayError
from slipway.data.versions import track
from slipway.settings.root import Project
from slipway.update.migrate import migrate
from slipway.update.older import older
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.data.test_versions import git
from tests.slipway.root import REPOSITORY
from tests.slipway.starter.tables import PROJECT, blank, churn, listing, write

OLDER = Path(__file__).parent / "older"
SYSTEM = "systems/churn"
OWNER = {
    "fed": "systems of an older layout, with stages, dependencies or a generator of their own in the way, "
    "or without the root's stages",
    "stops": "update",
    "exit": 3,
    "reason": "what was found and who can move it, one line each",
    "untouched": "every file as it was",
}
TABLE = "incoming/churn.csv"
MADE = dict.fromkeys(("data/churn/small/raw", "data/churn/small/checks/result.json"), "deleted")
"""What the stages made is not here; DVC says so of each that depends on it."""


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project right after an update: the root's stages are new, the system is as it was.

    The root's stages and the library's code are those of the lock, as if the update had not changed them.
    """
    root = blank(tmp_path_factory.mktemp("older") / "a project")
    (root / "project.yaml").write_text(PROJECT.replace("[]", "[churn]"))
    shutil.copyfile(REPOSITORY / ".dvcignore", root / ".dvcignore")
    for file in OLDER.iterdir():
        folder = "incoming" if "csv" in file.name else SYSTEM
        write(root / folder / file.name.removesuffix(".txt"), file.read_text().splitlines())
    (root / SYSTEM / "root.yaml").rename(root / "dvc.yaml")
    write(root / "tests/systems/test_churn.py", ["# mine"])
    write(root / TABLE, churn())
    write(root / "incoming/.gitignore", ["/churn.csv"])
    lock = root / SYSTEM / "dvc.lock"
    lock.write_text(re.sub(r"(?m)^    - path: (slipway/\S+)\n(.+\n){3}", _of_code, lock.read_text()))
    for entry in yaml.safe_load(lock.read_text())["stages"].values():
        for dep in entry["deps"]:
            if dep["path"].startswith("slipway/"):
                write(root / dep["path"], [dep["path"]])
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "before")
    return root


def _of_code(entry: re.Match[str]) -> str:
    """The lock's words on a file of code that says nothing but its own name."""
    content = f"{entry[1]}\n".encode()
    digest = md5(content).hexdigest()  # noqa: S324 - DVC's
    return f"    - path: {entry[1]}\n      hash: md5\n      md5: {digest}\n      size: {len(content)}\n"


@pytest.fixture
def project(committed: Path, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    return Project(shutil.copytree(committed, tmp_path / "a project", symlinks=True))


def replace(project: Project, name: str, old: str, new: str) -> None:
    """Change a file."""
    path = project.root / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def changed(project: Project, *targets: str) -> dict[str, Any]:
    """What DVC would run again, and for which dependency; outputs that are only absent do not count."""
    command = [sys.executable, "-m", "dvc", "status", "--json", *targets]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    said = {
        stage: [part for part in parts if not isinstance(part, dict) or "changed outs" not in part]
        for stage, parts in json.loads(done.stdout).items()
        if stage.endswith("-small") or "source" in stage
    }
    found = {
        stage: [part for part in parts if not MADE.items() >= part.get("changed deps", {}).items()]
        for stage, parts in said.items()
    }
    return {stage: parts for stage, parts in found.items() if parts}


def test_nothing_has_to_be_made_again(project: Project) -> None:
    """Source, params, code and commands are, for DVC, what they were when the data was made."""
    assert migrate(project, print) == [f"{SYSTEM}: {TABLE} is source/churn.csv now"]

    assert changed(project) == {}
    assert older(project.root) == []
    lock = yaml.safe_load((project.root / "dvc.lock").read_text())["stages"]
    assert list(lock) == ["ingest@churn-small", "check@churn-small", "split@churn-small"]


def test_what_changed_is_still_a_change(project: Project) -> None:
    """The lock says what was, not what is now."""
    write(project.root / "slipway/data/split.py", ["edited"])
    write(project.root / TABLE, churn(seed=1))
    migrate(project, print)

    assert changed(project) == {
        "ingest@churn-small": [{"changed deps": {f"{SYSTEM}/source": "modified"}}],
        "split@churn-small": [{"changed deps": {"slipway/data/split.py": "modified"} | MADE}],
    }


def test_what_somebody_wrote_stays(project: Project) -> None:
    """Of the card one key goes; every other file of the system and its test is as it was."""
    before = listing(project.root)
    migrate(project, print)
    git(project.root, "add", "--all")
    after = listing(project.root)

    assert after.keys() - before.keys() == {"dvc.lock", f"{SYSTEM}/source.dvc", f"{SYSTEM}/.gitignore"}
    gone = {f"{SYSTEM}/dvc.yaml", f"{SYSTEM}/dvc.lock", "incoming/churn.csv.dvc", "incoming/.gitignore"}
    assert before.keys() - after.keys() == gone
    card = f"{SYSTEM}/system.yaml"
    assert [name for name in before.keys() & after.keys() if after[name] != before[name]] == [card]
    assert after[card] == before[card].replace(b" path: incoming/churn.csv,", b"")
    assert not (project.root / "incoming").exists()
    assert Project(project.root).card().data.source.kind == "table"


def test_a_table_of_another_place_stays_a_dependency(project: Project) -> None:
    """In Git, or shared by two systems; the copy follows it."""
    (project.root / "raw").mkdir()
    (project.root / TABLE).rename(project.root / "raw/c.csv")
    for file in ("system.yaml", "dvc.lock"):
        replace(project, f"{SYSTEM}/{file}", TABLE, "raw/c.csv")
    (said,) = migrate(project, print)

    assert said == f"{SYSTEM}: source/ is a copy of raw/c.csv, which its dvc.yaml renews when that changes"
    assert changed(project) == {}
    write(project.root / "raw/c.csv", churn(seed=1))
    assert list(changed(project)) == [f"{SYSTEM}/dvc.yaml:source"]


def test_a_table_that_two_systems_use_is_followed_by_both(project: Project) -> None:
    """Neither has it for itself."""
    shutil.copytree(project.root / SYSTEM, project.root / "systems/other")
    for file in ("system.yaml", "dvc.lock", "dvc.yaml"):
        path = project.root / "systems/other" / file
        path.write_text(
            path.read_text()
            .replace("name: churn", "name: other")
            .replace(SYSTEM, "systems/other")
            .replace("data/churn", "data/other")
        )
    said = migrate(project, print)

    assert [line.partition(": ")[2].partition(",")[0] for line in said] == [
        f"source/ is a copy of {TABLE}"
    ] * 2
    assert (project.root / f"{TABLE}.dvc").is_file()
    assert older(project.root) == []


def test_a_table_outside_of_the_project_is_copied(project: Project, tmp_path: Path) -> None:
    """Nothing of the project could depend on it on another machine."""
    (project.root / TABLE).rename(tmp_path / "t.csv")
    for file in ("system.yaml", "dvc.lock"):
        replace(project, f"{SYSTEM}/{file}", TABLE, "../t.csv")
    migrate(project, print)

    assert changed(project) == {}
    assert (tmp_path / "t.csv").is_file()
    assert (project.root / SYSTEM / "source.dvc").is_file()


def test_a_generator_becomes_a_package(project: Project) -> None:
    """The lock knows it where nothing in it had to change."""
    generator = write(project.root / SYSTEM / "source.py", ["from pathlib import Path"])
    digest = md5(generator.read_bytes()).hexdigest()  # noqa: S324 - DVC's
    table = "source: {kind: table, path: incoming/churn.csv, format: csv, missing: [NA]}"
    place = f"path: {SYSTEM}/source.py # mine"
    made = f"source:\n    kind: generator\n    {place}\n    seed: 1\n    rows: {{full: 1}}"
    replace(project, f"{SYSTEM}/system.yaml", table, made)
    replace(project, f"{SYSTEM}/dvc.lock", TABLE, f"{SYSTEM}/source.py")
    replace(project, f"{SYSTEM}/dvc.lock", "8b0c1cb23f670ba1f686ea3d168a58db", digest)
    (said,) = migrate(project, print)

    assert said == f"{SYSTEM}: source.py is source/__init__.py now"
    assert (project.source("churn") / "__init__.py").read_text() == "from pathlib import Path\n"
    assert not generator.exists()
    assert "    kind: generator\n    seed: 1\n" in (project.root / SYSTEM / "system.yaml").read_text()
    (found,) = changed(project)["ingest@churn-small"]
    assert set(found["changed deps"]) == {f"{SYSTEM}/system.yaml"}  # it was a table; the code is the same


@pytest.mark.gate("migrate.owner", **OWNER)
@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "dvc.yaml",
            "\n  check:",
            "\n  more: {cmd: echo}\n  check:",
            "has 'more' too; take ingest, check,",
        ),
        (
            "dvc.yaml",
            "- slipway/data/table.py",
            "- notes.csv",
            "ingest depends on notes.csv, which the dvc.yaml",
        ),
        (
            "system.yaml",
            "kind: table",
            "kind: generator",
            f"found '{TABLE}'; make it the package",
        ),
    ],
)
def test_what_only_its_owner_can_move_is_refused(
    project: Project, file: str, old: str, new: str, said: str
) -> None:
    """In one line, and every file is as it was."""
    replace(project, f"{SYSTEM}/{file}", old, new)
    before = listing(project.root)

    assert said in only_line(slipway(project.root, "migrate", "layout"), 3)
    assert listing(project.root) == before


@pytest.mark.gate("migrate.owner")
def test_stages_of_somebody_s_own_are_not_written_over(project: Project) -> None:
    """One of them can make the source; where the table becomes the system's alone they are not in the way."""
    own = project.root / SYSTEM / "dvc.yaml"
    own.write_text("stages: {mine: {cmd: echo}}\n")
    replace(project, f"{SYSTEM}/system.yaml", TABLE, "raw/c.csv")
    with pytest.raises(Refused, match=r"let a stage of it make source/ of raw/c\.csv"):
        migrate(project, print)
    assert not project.source("churn").exists()

    replace(project, f"{SYSTEM}/system.yaml", "raw/c.csv", TABLE)
    migrate(project, print)
    assert own.read_text() == "stages: {mine: {cmd: echo}}\n"
    assert older(project.root) == []


@pytest.mark.gate("migrate.owner")
def test_without_the_new_stages_nothing_moves(project: Project) -> None:
    """An update brings them first."""
    (project.root / "dvc.yaml").unlink()
    with pytest.raises(Refused, match="`slipway update` brings it"):
        migrate(project, print)


def test_a_table_that_is_not_at_hand_is_told(project: Project) -> None:
    """Neither here nor in a remote: everything is as it was."""
    (project.root / TABLE).unlink()
    before = listing(project.root)
    with pytest.raises(SlipwayError, match=f"^{TABLE}: neither here nor in DVC's remote"):
        migrate(project, print)
    assert listing(project.root) == before
    assert not project.source("churn").exists()


def test_a_table_that_dvc_has_is_fetched(project: Project) -> None:
    """As in a fresh clone."""
    stages = (project.root / "dvc.yaml").rename(project.root / "aside")
    track(project, TABLE)  # the link to it is as it was
    stages.rename(project.root / "dvc.yaml")
    (project.root / TABLE).unlink()
    migrate(project, print)
    assert (project.source("churn") / "churn.csv").is_file()
    assert changed(project) == {}


def test_every_command_says_what_to_do(project: Project) -> None:
    """Before; after it there is nothing to do."""
    said = only_line(slipway(project.root, "data", "ingest"), 2)
    assert (
        "data.source: a source lies in systems/NAME/source and has no path, found 'incoming/churn.csv'; "
        in said
    )
    assert "`slipway migrate layout` brings it there" in said
    assert slipway(project.root, "migrate", "layout").returncode == 0
    assert "nothing to move" in slipway(project.root, "migrate", "layout").stdout
