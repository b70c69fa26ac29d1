"""What processes do with archives, each a function of JSON values run in a project's folder."""

import threading
from pathlib import Path

from slipway.registry.backup import back_up
from slipway.registry.health import look
from slipway.registry.restore import restore
from slipway.settings.root import Project
from slipway.trust.signing import LocalKey
from tests.slipway.durability.scenes import register


def backed_up(out: str) -> None:
    """Write an archive while a thread registers versions."""
    stopped = threading.Event()

    def write() -> None:
        while not stopped.is_set():
            register(3)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(Project.find(), Path(out))
    finally:
        stopped.set()
        writer.join()


def restored(archive: str) -> None:
    """Put an archive into the project."""
    restore(Project.find(), Path(archive))


def missing() -> list[str]:
    """What the registry names and does not have."""
    return look(Project.find().state / "registry").missing


def own_key() -> str:
    """Make the key of the state folder."""
    return LocalKey(Project.find().state).identity
