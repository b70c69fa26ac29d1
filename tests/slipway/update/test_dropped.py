"""Files that the template drops or renames, and the project has edited."""

from slipway.update.bake import git
from slipway.update.merge import merged
from tests.slipway.update.conftest import HOLE, Toy, commit


def test_a_file_that_the_template_drops_stays_where_it_was_edited(toy: Toy) -> None:
    """It is the project's from then on, and named."""
    toy.edit({"gone.py": "GONE = 2\n"})

    found = merged(toy.project, None, None)

    assert (found.conflicts, found.left) == ([], ["gone.py"])
    assert toy.read("gone.py") == "GONE = 2\n"


def test_an_edit_follows_a_file_that_the_template_renames(toy: Toy) -> None:
    """Which is not dropped."""
    git(toy.template, "mv", f"{HOLE}/Makefile", f"{HOLE}/targets.mk")
    commit(toy.template, "three")
    toy.edit({"Makefile": toy.read("Makefile").replace("echo 0", "echo zero")})

    found = merged(toy.project, None, "main")

    assert (found.conflicts, found.left) == ([], [])
    assert "echo zero" in toy.read("targets.mk")
    assert not (toy.project / "Makefile").exists()
