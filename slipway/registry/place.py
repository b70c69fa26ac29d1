"""Where an embedded registry lies: MLflow keeps absolute addresses, and folders are moved and copied."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock

from slipway.base.atomic import write_text

DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
MADE = "made.lock"
NOTED = "place.txt"
"""Holds the address of the artifacts as the database knows it; no client of MLflow writes beside that."""
OURS = "/.slipway/registry/artifacts"
"""The end of that address, for a registry from before it was noted."""
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
    ("trace_tags", "value"),
)
"""Tables and columns of MLflow that hold addresses of artifacts."""
# LIKE would read the % of an address.
MOVE = """
    UPDATE {table} SET {column} = :here || substr({column}, length(:former) + 1)
    WHERE {column} = :former OR substr({column}, 1, length(:former) + 1) = :former || '/'
"""


@contextmanager
def read_only(database: Path, patience_s: float = 5) -> Iterator[sqlite3.Connection]:
    """Open a database to look at it; else SQLite could make or change the file.

    Args:
        patience_s: how long to wait for another process that locks it.
    """
    with closing(
        sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=patience_s)
    ) as opened:
        yield opened


def require_sound(database: sqlite3.Connection) -> None:
    """Whether SQLite finds its pages whole.

    Raises:
        sqlite3.Error: it does not.
    """
    (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(said)


def lay_out(database: Path, folder: Path) -> None:
    """Let MLflow's own experiment keep artifacts where others do, and not below the working directory."""
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE experiments SET artifact_location = ?", [(folder / ARTIFACTS).as_uri()])


def bring_along(folder: Path) -> None:
    """Let the addresses of a registry lead to its own folder again, where that was moved or copied.

    What lay below the former place is looked for below this one alone, whatever still lies there.
    Any other address stays as it is, and is refused by whoever reads it; see `require_own_artifacts`.

    Args:
        folder: holds the database and the artifacts, which may not be there yet.
    """
    here = (folder / ARTIFACTS).as_uri()
    if noted(folder) == here or not (folder / DATABASE).is_file():
        return
    with FileLock(folder / MADE):
        # One transaction, and noted after it: a kill between the two changes nothing when it is done again.
        with closing(sqlite3.connect(folder / DATABASE, timeout=20)) as database, database:
            for former in former_places(database, folder):
                for table, column in ADDRESSES:
                    move = MOVE.format(table=table, column=column)
                    database.execute(move, {"here": here, "former": former})
        write_text(folder / NOTED, here)


def noted(folder: Path) -> str | None:
    """The address that the database knows as the artifacts' folder; None where nobody noted it."""
    path = folder / NOTED
    return path.read_text(encoding="utf-8") if path.is_file() else None


def former_places(database: sqlite3.Connection, folder: Path) -> list[str]:
    """From where the addresses of a registry have to be brought along; empty where it was not moved."""
    here = (folder / ARTIFACTS).as_uri()
    found = [known] if (known := noted(folder)) else list(_experiments(database))
    return [place for place in found if place != here]


def _experiments(database: sqlite3.Connection) -> Iterator[str]:
    for (place,) in database.execute("SELECT DISTINCT artifact_location FROM experiments"):
        if str(place).startswith("file:///") and str(place).endswith(OURS):
            yield place
