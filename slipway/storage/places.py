"""Where the rows of one unit are: each file, how many of its rows, and what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from slipway.data.unit_rows import in_object, in_parquet, in_source
from slipway.registry.place import ARTIFACTS
from slipway.settings import Card
from slipway.settings.data import TableSource
from slipway.settings.root import Project
from slipway.storage import data_objects
from slipway.storage.needs import Needs
from slipway.storage.place import Deed, Place
from slipway.storage.run_folders import run_folders


@dataclass(frozen=True)
class Unit:
    """One unit of one system."""

    project: Project
    card: Card
    value: pa.Scalar

    def places(self, needs: Needs) -> list[Place]:
        """All of them on this disk."""
        return [*self._sources(), *self._data(), *self._runs(), *self._objects(), *self._versions(needs)]

    def rows_of(self, folder: Path) -> int:
        """Of all Parquet files below a folder."""
        files = (one for one in sorted(folder.rglob("*.parquet")) if one.is_file())
        return sum(in_parquet(one, self.card, self.value) for one in files)

    def _sources(self) -> Iterator[Place]:
        path = self.project.source(self.card.name)
        if isinstance(self.card.data.source, TableSource) and path.exists():
            name = path.relative_to(self.project.root)
            how = f"it is yours: take the rows out, `dvc add {name}` (or commit it to Git), and commit"
            yield from self._told(path, in_source(self.card, path, self.value), "yours", how)

    def _data(self) -> Iterator[Place]:
        folder = self.project.root / "data" / self.card.name
        for size in sorted(folder.glob("*")):
            how = (
                f"`slipway data reproduce --system {self.card.name} --size {size.name}` makes it anew; commit"
            )
            yield from self._told(size, self.rows_of(size), "yours", how)

    def _runs(self) -> Iterator[Place]:
        copies = [one for place in self.project.kept_of_all for one in sorted((place / "fetched").glob("*/"))]
        for one in [*sorted(run_folders(self.project).glob("*/")), *copies]:
            yield from self._told(one, self.rows_of(one), "removed", "a copy of a run")

    def _objects(self) -> Iterator[Place]:
        now = data_objects.named_now(self.project)
        reproduce = f"dvc.lock names it: `slipway data reproduce --system {self.card.name}`, and commit"
        for store in data_objects.stores(self.project):
            for name, path in data_objects.objects(store):
                rows = 0 if name.endswith(data_objects.FOLDER) else in_object(self.card, path, self.value)
                if name in now:
                    yield from self._told(path, rows, "yours", reproduce)
                else:
                    yield from self._told(path, rows, "removed", "an object of DVC, of earlier data")

    def _versions(self, needs: Needs) -> Iterator[Place]:
        """Those from before versions carried rows that are nobody's."""
        state = self.project.state
        for one in sorted((state / "registry" / ARTIFACTS).glob("*/")):
            how = "its digest is signed: roll out a newer version, then delete this one in MLflow"
            yield from self._told(one, self.rows_of(one), "stays", how)
        bentos = (
            one
            for place in self.project.kept_of_all
            for one in sorted((place / "bentoml" / "bentos").glob("*/*/"))
        )
        for one in bentos:
            needed = needs.bentos.get(f"{one.parent.name}:{one.name}") or (
                None if one.parent.name in needs.lines else "it is of another registry"
            )
            deed: Deed = "removed" if needed is None else "stays"
            how = "a Bento that nothing needs" if needed is None else f"{needed}: roll out a newer version"
            yield from self._told(one, self.rows_of(one), deed, how)

    def _told(self, path: Path, rows: int, deed: Deed, how: str) -> Iterator[Place]:
        if rows:
            where = path.relative_to(self.project.root).as_posix()
            yield Place(where=where, rows=rows, deed=deed, how=how)
