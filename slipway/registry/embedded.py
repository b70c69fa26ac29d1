"""The embedded registry's database, read without MLflow: of thousands of runs only what decisions need.

MLflow's own search loads every parameter and every figure of each run, which takes seconds, and importing it
takes one. What is read here is trusted no more than what MLflow says: records are held against their seals.
A test holds each answer against MLflow's.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.base.errors import SlipwayError
from slipway.registry.place import read_only

OWN = "slipway."
"""The tags that decisions need begin with it."""


@dataclass(frozen=True)
class Run:
    """A run of MLflow, as far as decisions need it.

    Attributes:
        status: MLflow's, such as FINISHED.
        artifacts: the address of what it keeps.
    """

    id: str
    status: str
    artifacts: str
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Any) -> "Run":
        """The same of what MLflow's client gives."""
        info = found.info
        return cls(str(info.run_id), str(info.status), str(info.artifact_uri), dict(found.data.tags))


@dataclass(frozen=True)
class Registered:
    """A version as the registry has it, with MLflow's names."""

    version: int
    run_id: str
    source: str
    current_stage: str
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Embedded:
    """Reads the database of the embedded registry; it has to be there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def experiment(self, name: str) -> str | None:
        """The id of an experiment, None where there is none."""
        found = self._all("SELECT experiment_id FROM experiments WHERE name = ?", [name])
        return str(found[0][0]) if found else None

    def runs(self, name: str, tag: str) -> list[Run]:
        """The runs of an experiment, by its name, that have a tag; with those of their tags that are ours."""
        runs = self._all(
            "SELECT run_uuid, status, artifact_uri FROM runs JOIN experiments USING (experiment_id) "
            "WHERE experiments.name = ? AND runs.lifecycle_stage = 'active'",
            [name],
        )
        tags = self._tags(
            "SELECT tags.run_uuid, key, value FROM tags JOIN runs USING (run_uuid) "
            "JOIN experiments USING (experiment_id) WHERE experiments.name = ? AND substr(key, 1, ?) = ?",
            [name, len(OWN), OWN],
        )
        found = [Run(run, status, artifacts, tags.get(run, {})) for run, status, artifacts in runs]
        return [run for run in found if run.tags.get(tag)]

    def run(self, run: str) -> Run | None:
        """One run, None where there is none."""
        found = self._all("SELECT status, artifact_uri FROM runs WHERE run_uuid = ?", [run])
        tags = self._tags("SELECT run_uuid, key, value FROM tags WHERE run_uuid = ?", [run])
        return next((Run(run, status, uri, tags.get(run, {})) for status, uri in found), None)

    def versions(self, name: str) -> list[Registered]:
        """The versions of a model that nobody has deleted."""
        rows = self._all(
            "SELECT version, run_id, source, current_stage, description FROM model_versions WHERE name = ? "
            "AND current_stage != 'Deleted_Internal' ORDER BY version",
            [name],
        )
        tags = self._tags("SELECT version, key, value FROM model_version_tags WHERE name = ?", [name])
        return [
            Registered(version, str(run), source, stage, words, tags.get(version, {}))
            for version, run, source, stage, words in rows
        ]

    def aliases(self, name: str) -> dict[str, int]:
        """The versions of a model that have an alias, by alias."""
        query = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
        return {str(alias): int(version) for alias, version in self._all(query, [name])}

    def _tags(self, query: str, values: Iterable[Any]) -> dict[Any, dict[str, str]]:
        found: dict[Any, dict[str, str]] = {}
        for owner, key, value in self._all(query, values):
            found.setdefault(owner, {})[key] = value
        return found

    def _all(self, query: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        with self._opened() as database:
            return database.execute(query, list(values)).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            # Opened each time: a restored or migrated database is another file, and `ro` makes none.
            with read_only(self.path) as database:
                yield database
        except sqlite3.DatabaseError as error:
            raise SlipwayError(f"{self.path}: {error}; see `slipway doctor`") from error
