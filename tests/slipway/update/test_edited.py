"""What a project has edited of the library, told from the digests that came with it."""

from pathlib import Path

from slipway.base.digest import sha256
from slipway.update.edited import DIGESTS, edited


def released(folder: Path) -> Path:
    """A library of two files, as a new project has it."""
    (folder / "data").mkdir(parents=True)
    for name in ("runs.py", "data/split.py"):
        (folder / name).write_text(f"# {name}\n")
    lines = [f"{sha256(folder / name)}  {name}\n" for name in ("data/split.py", "runs.py")]
    (folder / DIGESTS).write_text("".join(lines))
    return folder


def test_nothing_is_edited_at_first(tmp_path: Path) -> None:
    """Nor by running it: bytecode and hidden files are nobody's edit."""
    library = released(tmp_path)
    (library / "__pycache__").mkdir()
    (library / "__pycache__" / "runs.cpython-311.pyc").write_bytes(b"0")
    (library / ".mypy_cache").mkdir()
    (library / ".mypy_cache" / "a.json").write_text("{}")
    assert edited(library) == []


def test_every_kind_of_edit_is_named(tmp_path: Path) -> None:
    """A changed, an added and a removed file."""
    library = released(tmp_path)
    (library / "runs.py").write_text("# ours\n")
    (library / "data/split.py").unlink()
    (library / "data/ours.py").write_text("# ours\n")
    assert edited(library) == ["data/ours.py", "data/split.py", "runs.py"]


def test_a_library_without_digests_is_not_judged(tmp_path: Path) -> None:
    """The repository that it is made in, and a project that has the wheel."""
    (tmp_path / "runs.py").write_text("# ours\n")
    assert edited(tmp_path) is None
    assert edited(tmp_path / "gone") is None
