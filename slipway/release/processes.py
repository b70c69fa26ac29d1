"""Processes of this machine, each known by its id and by when it began."""

import contextlib
from pathlib import Path

import psutil

GRACE = 5
"""Seconds that a server has to answer what it has begun."""


def began(process: psutil.Process) -> float:
    """When a process began, in seconds that stay the same when somebody sets the clock.

    On Linux since boot, from which psutil reckons a time of day by the clock of now; elsewhere the time of
    day that the kernel noted.
    """
    started = float(process.create_time())
    return started - float(psutil.boot_time()) if psutil.LINUX else started


def place_of(folder: Path) -> str:
    """Which folder it is, by its inode: one that was moved is the same, a copy of it is another."""
    found = folder.stat()
    return f"{found.st_dev}:{found.st_ino}"


def process_of(pid: int, started: float) -> psutil.Process | None:
    """The process of this id, if it is the one that started then and not a later one."""
    try:
        process = psutil.Process(pid)
        # A tolerance, for `began` subtracts what psutil had added, and floats round.
        same = abs(began(process) - started) < 0.1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def alive(pid: int, started: float) -> bool:
    """Whether the process of this id that started then is there."""
    try:
        return process_of(pid, started) is not None
    except psutil.AccessDenied:
        return True  # something lives under this id that hides from us: spare it


def end(process: psutil.Process) -> None:
    """End a process and its children, kindly first."""
    with contextlib.suppress(psutil.NoSuchProcess):  # it ends by itself, at any point
        family = [process, *process.children(recursive=True)]
        process.terminate()
        # Twice the grace that uvicorn gives requests, so that a server which ends by itself is not killed.
        _, left = psutil.wait_procs(family, timeout=2 * GRACE)
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(left, timeout=GRACE)  # one that its parent does not wait for stays a zombie
