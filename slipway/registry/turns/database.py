"""Leases as rows of a table in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from slipway.base.addresses import masked
from slipway.base.errors import SlipwayError

TABLE = "slipway_leases"
# No SQL of anybody else: the table is a constant, and values are bound.
SEEN = f"SELECT mark, value FROM {TABLE} WHERE name = :name"  # noqa: S608
FIRST = f"INSERT INTO {TABLE} (name, mark, value) VALUES (:name, 1, :value) ON CONFLICT DO NOTHING"  # noqa: S608
NEXT = f"UPDATE {TABLE} SET mark = mark + 1, value = :value WHERE name = :name AND mark = :mark"  # noqa: S608
MADE = f"CREATE TABLE IF NOT EXISTS {TABLE} (name text PRIMARY KEY, mark bigint, value text)"


class Database:
    """A table with a row for each line; made where it is not there yet.

    Whoever makes it beforehand, for users who may not: `name text PRIMARY KEY, mark bigint, value text`.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def where(self, name: str) -> str:
        """Table and row."""
        return f"{masked(self.url)}: {TABLE}: {name}"

    def read(self, name: str) -> tuple[str, str] | None:
        """A row."""
        with self._transaction() as ask:
            found = ask(SEEN, name=name).one_or_none()
        return None if found is None else (str(found.mark), found.value)

    def swap(self, name: str, mark: str | None, value: str) -> str | None:
        """Insert a row that is not there, or update one that is as it was seen."""
        with self._transaction() as ask:
            if mark is None:
                done = ask(FIRST, name=name, value=value)
            else:
                done = ask(NEXT, name=name, value=value, mark=int(mark))
        return str(int(mark or 0) + 1) if done.rowcount == 1 else None

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.begin() as connection:
                yield lambda words, **values: connection.execute(text(words), values)
        except SQLAlchemyError as error:
            # The first line alone: the others repeat the statement and where to read about it.
            said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise SlipwayError(f"{masked(self.url)}: no lease to be had: {masked(said)}") from error

    @cached_property
    def _engine(self) -> Any:
        from sqlalchemy import create_engine, inspect, text
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            # No connection is kept: a process that is stopped must hold none open.
            engine = create_engine(self.url, poolclass=NullPool)
        except (SQLAlchemyError, ImportError) as error:
            raise SlipwayError(
                f"{masked(self.url)}: {error}; a lease in PostgreSQL needs psycopg, add it to pyproject.toml"
            ) from error
        if not inspect(engine).has_table(TABLE):
            try:
                with engine.begin() as connection:
                    connection.execute(text(MADE))
            except DBAPIError:
                if not inspect(engine).has_table(TABLE):  # else another process has just made it
                    raise
        return engine
