"""Systems laid out as before there was one `dvc.yaml` at the root: found, and their parts named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CARD = "system.yaml"
STAGES = "dvc.yaml"
LOCK = "dvc.lock"
MADE = ("ingest", "check", "split")
"""The stages that a system's own `dvc.yaml` had, and that the root's has now."""


@dataclass(frozen=True)
class Older:
    """A system that has a `dvc.yaml` or a lock of those stages, or a card that names a path.

    Attributes:
        kind: of its source, `generator` or `table`.
        path: of its source, from the project's root; None where nothing names it any more.
        format: of a table.
        named: whether the card still names the path.
        stages: of its `dvc.yaml`, whosever they are.
        lock: those of these stages in its lock, with the size.
    """

    name: str
    kind: str
    path: str | None
    format: str | None
    named: bool
    stages: Mapping[str, Any]
    lock: frozenset[str]

    @property
    def has_stages(self) -> bool:
        """Whether its `dvc.yaml` has those that the root's has now."""
        return any(stage in self.stages for stage in MADE)


def older(root: Path) -> list[Older]:
    """All systems of a project that are laid out so, whether `project.yaml` lists them or not."""
    found = (_look(folder) for folder in sorted(root.glob("systems/*")) if folder.is_dir())
    return [one for one in found if one is not None]


def _look(folder: Path) -> Older | None:
    source = _mapping(_mapping(_content(folder / CARD).get("data")).get("source"))
    stages = _mapping(_content(folder / STAGES).get("stages"))
    lock = {
        key: entry
        for key, entry in _mapping(_content(folder / LOCK).get("stages")).items()
        if key.partition("@")[0] in MADE
    }
    if not ("path" in source or lock or any(stage in stages for stage in MADE)):
        return None
    told = [source, *_sources_of(lock)]
    path = next((str(one["path"]) for one in told if "path" in one), None)
    return Older(
        name=folder.name,
        kind=str(source.get("kind")),
        path=path,
        format=source.get("format"),
        named="path" in source,
        stages=stages,
        lock=frozenset(lock),
    )


def faults(one: Older) -> Iterator[str]:
    """What keeps a system from being moved and only its owner can resolve, one line each."""
    file = f"systems/{one.name}/{STAGES}"
    if one.has_stages and (more := [stage for stage in one.stages if stage not in MADE]):
        yield f"{file}: has {', '.join(map(repr, more))} too; take {', '.join(MADE)} out yourself"
    own = (f"systems/{one.name}/{name}" for name in ("expectations.py", "__init__.py"))
    watched = ("slipway/", f"data/{one.name}/", *own, "${data.source.path}")
    for stage in MADE:
        deps = [str(dep) for dep in _mapping(one.stages.get(stage)).get("deps", [])]
        for dep in deps:
            # Without a path one of the others again: every name begins with an empty text.
            if not dep.startswith((*watched, one.path or watched[-1])):
                yield (
                    f"{file}: {stage} depends on {dep}, which the dvc.yaml at the root does not watch; "
                    f"move that into systems/{one.name}/source, and take the line out"
                )
    if one.kind == "generator" and one.named and one.path != f"systems/{one.name}/source.py":
        yield (
            f"systems/{one.name}/{CARD}: data.source.path: found {one.path!r}; make it the package "
            f"systems/{one.name}/source, mend the import in __init__.py, and take the key out"
        )


def _sources_of(lock: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the card said of the source when each entry of a lock was made."""
    for entry in lock.values():
        for params in _mapping(_mapping(entry).get("params")).values():
            yield _mapping(_mapping(params).get("data.source"))


def _content(path: Path) -> Mapping[str, Any]:
    """A YAML file's mapping; empty where there is none, as in a file with the marks of a conflict."""
    try:
        return _mapping(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, yaml.YAMLError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
