"""Which files of the library a project has edited, by the digests that it came with."""

from pathlib import Path

from slipway.base.digest import sha256

DIGESTS = ".sha256"
"""Written when a project is made, in the form of `sha256sum`; the template's own `slipway/` has none."""


def edited(library: Path) -> list[str] | None:
    """The files of `slipway/` that were changed, added or removed, by name; None where it has no digests.

    Args:
        library: the folder; what Python and editors put there (caches, hidden files) does not count.
    """
    if not (library / DIGESTS).is_file():
        return None
    lines = (library / DIGESTS).read_text(encoding="utf-8").splitlines()
    released = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {path.relative_to(library).as_posix(): path for path in library.rglob("*") if path.is_file()}
    found = {name: sha256(path) for name, path in there.items() if name in released or _is_code(name)}
    return sorted(name for name in released.keys() | found.keys() if released.get(name) != found.get(name))


def _is_code(name: str) -> bool:
    return not name.endswith(".pyc") and not any(part.startswith(".") for part in Path(name).parts)
