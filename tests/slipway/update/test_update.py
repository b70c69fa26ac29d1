"""An update is a three-way merge by Git: what the user did stays, what the template did arrives."""

import json
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.update.bake import git, newest_release
from slipway.update.merge import UNDER_WAY, merged
from slipway.update.origin import FILE
from tests.slipway.update.conftest import Toy, commit, write


def test_an_untouched_project_becomes_the_new_template(toy: Toy) -> None:
    """Staged and not committed; files that the template dropped go."""
    found = merged(toy.project, None, None)

    assert (found.before, found.after, found.conflicts, found.left) == ("1.0.0", "1.1.0", [], [])
    assert toy.read("library/a.py") == "A = 2\n"
    assert toy.read("library/new.py") == "NEW = 1\n"
    assert not (toy.project / "gone.py").exists()
    assert json.loads(toy.read(FILE))["version"] == "1.1.0"
    assert {line[:2] for line in toy.status()} == {"M ", "A ", "D "}
    assert git(toy.project, "log", "--format=%s") == "start"


def test_an_answer_with_braces_stays_what_it_was(toy: Toy) -> None:
    """Cookiecutter would render it again."""
    assert "note: {{ braces }} {% and %}\n" in toy.read("project.yaml")
    merged(toy.project, None, None)
    assert "note: {{ braces }} {% and %}\n" in toy.read("project.yaml")


def test_edits_stay(toy: Toy) -> None:
    """In files that the template changed elsewhere too, and in files of the user's own."""
    toy.edit(
        {"Makefile": toy.read("Makefile").replace("echo 0", "echo zero"), "systems/mine/x.py": "X = 1\n"}
    )

    found = merged(toy.project, None, None)

    assert found.conflicts == []
    assert "echo zero" in toy.read("Makefile")
    assert "echo eight" in toy.read("Makefile")
    assert toy.read("systems/mine/x.py") == "X = 1\n"


def test_conflicts_are_marked_as_git_marks_them(toy: Toy) -> None:
    """Both sides are in the file, and all of it can be taken back."""
    toy.edit({"library/a.py": "A = 3\n"})
    before = git(toy.project, "rev-parse", "HEAD")

    found = merged(toy.project, None, None)

    assert found.conflicts == ["library/a.py"]
    assert "library/new.py" in found.changed
    marked = toy.read("library/a.py")
    assert marked.startswith("<<<<<<< HEAD\nA = 3\n=======\nA = 2\n>>>>>>> ")
    assert "(template 1.1.0)" in marked
    git(toy.project, "reset", "--hard", "--quiet")
    assert (git(toy.project, "rev-parse", "HEAD"), toy.status(), toy.read("library/a.py")) == (
        before,
        [],
        "A = 3\n",
    )


def test_a_file_that_both_deleted_or_one_changed_is_a_conflict(toy: Toy) -> None:
    """A single deleted file that the template goes on with is for a person to decide."""
    git(toy.project, "rm", "--quiet", "library/a.py")
    commit(toy.project, "delete")

    assert merged(toy.project, None, None).conflicts == ["library/a.py"]


def test_a_deleted_folder_stays_deleted(toy: Toy) -> None:
    """A project that depends on the wheel is not asked about each file of it, though it took one along."""
    git(toy.project, "rm", "-r", "--quiet", "library", "systems/a")
    toy.edit({"systems/mine/a.py": "A = 1\n"})

    found = merged(toy.project, None, None)

    assert (found.conflicts, found.left) == ([], ["library", "systems/a"])
    assert not (toy.project / "library").exists()
    assert toy.read("systems/mine/a.py") == "A = 1\n"


def test_a_moved_folder_is_followed(toy: Toy) -> None:
    """Where Git cannot know whether a new file belongs there too, it asks; a lock is no text to merge."""
    for name in ("library", "systems"):
        git(toy.project, "mv", name, f"our_{name}")
    commit(toy.project, "move")

    found = merged(toy.project, None, None)

    assert (found.conflicts, found.left) == (["our_library/new.py"], ["systems/a/dvc.lock"])
    assert (toy.read("our_library/a.py"), toy.read("our_systems/a/dvc.lock")) == ("A = 2\n", "hash: 1\n")


def test_locks_that_were_made_anew_are_kept(toy: Toy) -> None:
    """And named, so that their command is run again."""
    toy.edit({"requirements.txt": "one==1\nmine==1\n", "systems/a/dvc.lock": "hash: 7\n"})

    found = merged(toy.project, None, None)

    assert (found.conflicts, sorted(found.left)) == ([], ["requirements.txt", "systems/a/dvc.lock"])
    assert toy.read("requirements.txt") == "one==1\nmine==1\n"


@pytest.mark.gate(
    "update.clean",
    fed="a template's update where the project has changes that are not committed",
    stops="update",
    exit=3,
    reason="changed or new",
    untouched="nothing fetched, merged or staged",
)
@pytest.mark.parametrize(("name", "status"), [("draft.txt", "?? draft.txt"), ("Makefile", " M Makefile")])
def test_a_dirty_tree_is_refused(toy: Toy, name: str, status: str) -> None:
    """A new file counts; nothing is fetched or changed."""
    (toy.project / name).write_text("mine")

    with pytest.raises(Refused, match=rf"^1 changed or new, '{name}' among them; commit or stash"):
        merged(toy.project, None, None)

    assert toy.status() == [status]


def test_the_newest_update_is_the_last(toy: Toy) -> None:
    """A second one has nothing to do, and a preview is not taken unasked."""
    merged(toy.project, None, None)
    commit(toy.project, "update")

    assert merged(toy.project, None, None).changed == []
    assert toy.status() == []


def test_the_address_of_the_template_outlives_an_update_from_a_folder(toy: Toy) -> None:
    """A template that is named by a path has no address to record; the known one stays."""
    questions = (toy.template / "cookiecutter.json").read_text()
    write(toy.template, {"cookiecutter.json": questions.replace(f'"{toy.template}"', "null")})
    record = "{{cookiecutter.project_slug}}/.template.json"
    unknown = (toy.template / record).read_text().replace("{{cookiecutter.source|jsonify}}", "null")
    write(toy.template, {record: unknown})
    commit(toy.template, "three", "v1.2.0")

    merged(toy.project, str(toy.template), None)

    assert json.loads(toy.read(FILE))["source"] == str(toy.template)
    assert all(line[1] == " " for line in toy.status())


def test_a_record_of_another_shape_arrives(toy: Toy) -> None:
    """A newer template may keep more than this slipway knows; it comes with the one that does."""
    record = "{{cookiecutter.project_slug}}/.template.json"
    newer = (
        (toy.template / record).read_text().replace('"schema_version": 1', '"schema_version": 2, "more": 1')
    )
    write(toy.template, {record: newer})
    commit(toy.template, "three", "v1.2.0")

    assert merged(toy.project, None, None).after == "1.1.0"
    assert json.loads(toy.read(FILE))["schema_version"] == 2


def test_a_revision_can_be_named(toy: Toy) -> None:
    """Also a branch."""
    write(toy.template, {"{{cookiecutter.project_slug}}/library/a.py": "A = 9\n"})
    commit(toy.template, "three")

    merged(toy.project, None, "main")

    assert toy.read("library/a.py") == "A = 9\n"


def test_a_project_ahead_of_the_releases_goes_back_only_when_told(toy: Toy) -> None:
    """It was made from a branch, as cookiecutter takes one that nobody names."""
    write(toy.template, {"{{cookiecutter.project_slug}}/library/late.py": "LATE = 1\n"})
    commit(toy.template, "three")
    merged(toy.project, None, "main")
    head = git(toy.template, "rev-parse", "HEAD")
    toy.edit({FILE: json.dumps(json.loads(toy.read(FILE)) | {"commit": head})})

    found = merged(toy.project, None, None)

    assert (found.before, found.after, found.changed, toy.status()) == ("1.1.0", "1.1.0", [], [])
    assert merged(toy.project, None, "v1.1.0").changed == [FILE, "library/late.py"]
    assert not (toy.project / "library" / "late.py").exists()


def test_a_commit_that_the_template_has_lost(toy: Toy) -> None:
    """Its version's tag stands for it, and is named; without one, the line says what to do."""
    record = json.loads(toy.read(FILE)) | {"commit": "0" * 40}
    told: list[str] = []

    toy.edit({FILE: json.dumps(record | {"version": "0.7.0"})})
    with pytest.raises(
        SlipwayError, match=rf'^{FILE}: commit: found "{"0" * 40}", expected .* no tag v0.7.0 either; put'
    ):
        merged(toy.project, None, None)
    toy.edit({FILE: json.dumps(record)})

    assert merged(toy.project, None, None, told.append).after == "1.1.0"
    assert f"the template has no commit {'0' * 40}; going by its tag v1.0.0 instead" in told


@pytest.mark.parametrize("revision", ["v9", ""])
def test_a_revision_that_is_not_there(toy: Toy, revision: str) -> None:
    """The line names those that are."""
    with pytest.raises(
        SlipwayError,
        match=rf"^'{revision}': the template has no such .* nightly, v1.0.0, v1.1.0, v2.0.0rc1$",
    ):
        merged(toy.project, None, revision)
    assert toy.status() == []


def test_a_template_that_is_not_there(toy: Toy, tmp_path: Path) -> None:
    """Git's own complaint."""
    with pytest.raises(SlipwayError, match=r"^git clone: fatal: repository '\S+/nowhere' does not exist$"):
        merged(toy.project, str(tmp_path / "nowhere"), None)
    assert toy.status() == []


@pytest.mark.parametrize("hook", ["pre_prompt", "pre_gen_project", "post_gen_project"])
def test_a_template_that_cannot_be_baked_changes_nothing(toy: Toy, hook: str) -> None:
    """The project is as it was, and the line is the hook's own."""
    write(toy.template, {f"hooks/{hook}.py": "raise SystemExit('no: today')\n"})
    commit(toy.template, "broken")

    with pytest.raises(SlipwayError, match=r"^cookiecutter on the template at [0-9a-f]{12}: no: today$"):
        merged(toy.project, None, "main")

    assert toy.status() == []


@pytest.mark.gate(
    "update.midway",
    fed="an update in the middle of a merge, a pick or a rebase, with a clean tree",
    stops="update",
    exit=3,
    reason="Git is in the middle of something",
    untouched="nothing fetched, merged or staged",
)
@pytest.mark.parametrize("mark", UNDER_WAY)
def test_what_git_is_doing_is_finished_first(toy: Toy, mark: str) -> None:
    """Else the update would be committed as a part of it."""
    place = toy.project / ".git" / mark
    place.write_text(git(toy.project, "rev-parse", "HEAD") + "\n")

    with pytest.raises(Refused, match=rf"in the middle of something \({mark}\)"):
        merged(toy.project, None, None)

    place.unlink()
    assert toy.status() == []


@pytest.mark.gate(
    "update.source",
    fed="an update of a project that does not know where its template is",
    stops="update",
    exit=2,
    reason="source is null; name the template's repository",
    untouched="nothing fetched, merged or staged",
)
def test_nobody_knows_the_template(toy: Toy) -> None:
    """Then it has to be named, and can be."""
    record = json.loads(toy.read(FILE))
    toy.edit({FILE: json.dumps(record | {"source": None})})

    with pytest.raises(UsageError, match=r"--template URL"):
        merged(toy.project, None, None)
    assert toy.status() == []
    assert merged(toy.project, str(toy.template), None).after == "1.1.0"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "cut off or no JSON"),
        ("{}", "required, but absent"),
        ('{"schema_version": 2}', "written by a newer slipway"),
    ],
)
def test_a_broken_record_is_one_line(toy: Toy, content: str | None, said: str) -> None:
    """It names the file."""
    (toy.project / FILE).unlink()
    if content is not None:
        (toy.project / FILE).write_text(content)
    with pytest.raises(SlipwayError, match=rf"\.template\.json: .*{said}"):
        merged(toy.project, None, None)


@pytest.mark.gate(
    "update.own",
    fed="an update of a project that lies inside another repository",
    stops="update",
    exit=3,
    reason="is inside another repository",
    untouched="nothing fetched, merged or staged",
)
def test_a_project_inside_another_repository_is_refused(toy: Toy) -> None:
    """Its paths there are not the template's."""
    inner = toy.project / "inner"
    write(inner, {FILE: toy.read(FILE)})
    commit(toy.project, "inner")

    with pytest.raises(Refused, match="inside another repository"):
        merged(inner, None, None)

    assert toy.status() == []


@pytest.mark.parametrize(
    ("tags", "newest"),
    [
        ([], None),
        (["nightly", "x1.0"], None),
        (["v1.9.0", "v1.10.0", "v1.2.0"], "v1.10.0"),
        (["v1.0.0", "v2.0.0rc1", "3.0.0"], "v1.0.0"),
    ],
)
def test_the_newest_release(tags: list[str], newest: str | None) -> None:
    """By version and not by spelling; previews and other tags are not releases."""
    assert newest_release(tags) == newest
