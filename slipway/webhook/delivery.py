"""Messages on their way, for seconds at the end of a command; no decision waits for them or fails by it."""

import os
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from slipway import __version__
from slipway.base.addresses import masked
from slipway.base.errors import UsageError
from slipway.base.provenance import now
from slipway.webhook.message import VARIABLE, headers, key
from slipway.webhook.outbox import Outbox, Waiting, is_due, refused, settled

TRY_S = 4.0
"""One try, from the name of the host to the status of its answer, however slowly that comes."""
COMMAND_S = 10.0
"""No try begins later than so long after the end of a command."""
PATIENCE_S = 3.0
"""A pause that a command waits for; longer ones end with a later command."""


def deliver(
    outbox: Outbox,
    url: str,
    holds: Callable[[Waiting], bool | None],
    wait: Callable[[float], None] = time.sleep,
) -> str | None:
    """Send what is due; why a message was not taken, None where each that was tried was.

    Where another process sends, nothing is done.

    Args:
        holds: whether the registry has the record of a message; None where that is not known.
    """
    outbox.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(outbox.lock, timeout=0):
            return _deliver(outbox, url, holds, wait)
    except Timeout:
        return None


def _deliver(
    outbox: Outbox, url: str, holds: Callable[[Waiting], bool | None], wait: Callable[[float], None]
) -> str | None:
    pending = _settled(outbox, holds)
    try:
        secret = key(os.environ.get(VARIABLE))
    except UsageError as error:
        for one in pending:
            outbox.put(one.model_copy(update={"failed": str(error)}))
        return str(error) if pending else None
    failed, end = None, time.monotonic() + COMMAND_S
    while pending and time.monotonic() < end:
        one = min(pending, key=lambda one: (one.due, one.name))
        pause = 0.0 if is_due(one, now()) else (one.due - now()).total_seconds()
        if pause > PATIENCE_S:
            break
        wait(max(0.0, pause))
        pending.remove(one)
        if (failed := post(url, one, secret)) is None:
            outbox.drop(one)
        else:
            later = refused(one, now(), failed)
            outbox.put(later)
            pending.append(later)
    return failed


def _settled(outbox: Outbox, holds: Callable[[Waiting], bool | None]) -> list[Waiting]:
    """The messages whose decisions were taken; those of decisions that never were are dropped."""
    found = []
    for one in outbox.waiting():
        if (known := settled(one, now(), holds)) is None:
            outbox.drop(one)
        elif known.decided:
            found.append(known)
    return found


def post(url: str, one: Waiting, secret: bytes) -> str | None:
    """One try; how it failed, None where the receiver has taken the message, which is any status 2xx.

    No redirect is followed, no proxy of the environment used, and nothing of the answer read but its head.
    """
    answers: SimpleQueue[str | None] = SimpleQueue()
    # A daemon: the time of a name's resolution and of a head that trickles is nobody else's to bound.
    Thread(target=lambda: answers.put(_post(url, one, secret, now())), daemon=True).start()
    try:
        return answers.get(timeout=TRY_S)
    except Empty:
        return f"no answer within {TRY_S:.0f} s"


def _post(url: str, one: Waiting, secret: bytes, at: datetime) -> str | None:
    import httpx

    shown = {"Content-Type": "application/json", "User-Agent": f"slipway/{__version__}"}
    signed = headers(one.body, one.name, at, secret)
    try:
        client = httpx.Client(trust_env=False, follow_redirects=False, verify=_trusted(url), timeout=TRY_S)
        with client, client.stream("POST", url, content=one.body.encode(), headers=shown | {**signed}) as got:
            status = got.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return f"{type(error).__name__}: {masked(str(error))[:200]}".rstrip(": ")
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed"
    return None if 200 <= status < 300 else f"answered {status}"


def _trusted(url: str) -> ssl.SSLContext:
    """The authorities whose certificates count; a company's own where the environment names it."""
    if not url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # none, and nothing is read: that takes long
    import certifi

    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


def host(url: str) -> str:
    """An address as it may be shown: a path or a query may be what lets one in."""
    place = urlsplit(url)
    port = "" if place.port is None else f":{place.port}"
    name = place.hostname or ""
    return f"{place.scheme}://{f'[{name}]' if ':' in name else name}{port}"


def told(waiting: list[Waiting], url: str | None, folder: Path) -> str | None:
    """What `slipway status` says of messages that nobody has taken; None where there is none."""
    if not waiting:
        return None
    oldest = waiting[0]
    many = f"{len(waiting)} decision{'s' if len(waiting) > 1 else ''}"
    if url is None:
        return f"{many} in {folder}, and project.yaml names no webhook"
    why = f": {oldest.failed}" if oldest.failed else ""
    tries = (
        f"; {oldest.tries} tries, the next from {oldest.due:%Y-%m-%d %H:%M:%S} UTC" if oldest.tries else ""
    )
    return f"{many} not told to {host(url)} yet, the oldest {oldest.name}{why}{tries}"
