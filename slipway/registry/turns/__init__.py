"""Who moves `production` of a line: by a lock of this machine, or a lease where others use the registry."""

import os
from urllib.parse import urlsplit

from slipway.base.addresses import masked
from slipway.base.errors import Refused, UsageError
from slipway.registry.turns.local import LocalTurns
from slipway.registry.turns.shared import SharedTurns, Store
from slipway.registry.turns.turn import Left, Turns
from slipway.settings import Line

STORE = "SLIPWAY_LEASE_STORE"
"""The variable that names the store; its address may hold a password, so no file does."""


def bind(line: Line) -> Turns:
    """The turns of a line, by the registry that holds its versions.

    Raises:
        Refused: others use the registry, and no store tells them apart.
        UsageError: the store is of no kind that is known.
    """
    if line.project.embedded:
        return LocalTurns(line)
    if not os.environ.get(STORE):
        raise Refused(
            f"{line.registered}: {STORE} is not set, and without a lease two machines could move production "
            "at once; set it to what all who do so share: postgresql://HOST/DATABASE or s3://BUCKET/FOLDER"
        )  # guard lease.store
    return SharedTurns(store(os.environ[STORE]), line.registered)


def store(address: str) -> Store:
    """The store at an address."""
    scheme = urlsplit(address).scheme.partition("+")[0]
    if scheme == "postgresql":
        from slipway.registry.turns.database import Database

        return Database(address)
    if scheme == "s3":
        from slipway.registry.turns.bucket import Bucket

        return Bucket(address)
    # guard lease.known_store
    raise UsageError(f"{STORE}: found {masked(address)!r}, expected postgresql://... or s3://BUCKET/FOLDER")


def look(line: Line) -> Left:
    """What was begun and has not ended; nothing where nobody here could move production."""
    named = line.project.embedded or os.environ.get(STORE)
    return bind(line).look() if named and line.project.target else Left()
