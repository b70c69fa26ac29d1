"""`slipway serve`."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from slipway.base.errors import Refused, SlipwayError
from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import in_use
from slipway.cli.options import Json, LineSize, System
from slipway.settings import Line


def serve(
    system: System = None,
    size: LineSize = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on the loopback address; 0 is any free one.")
    ] = 3000,
    as_json: Json = False,
) -> None:
    """Serve the version that production traffic goes to, until interrupted."""
    from slipway.release import servers
    from slipway.rollout.local import state

    line = in_use(system, size, _has_traffic)
    project, live = line.project, state(line)
    if live is None:
        # guard serve.live
        raise Refused(f"no version of {line.name} is live; run `slipway demo --size {line.size}` first")
    servers.reap(project)
    with _signals_exit():
        with Teller(quiet=as_json).doing(f"starting {live.stable.bento}"):
            server = servers.start(project, live.stable.bento, live.stable.number, port)
        try:
            if as_json:
                print_json(json.dumps({"url": server.url, "version": server.version}))
            else:
                out.print(f"version {server.version} answers at {server.url}; Ctrl-C stops it", markup=False)
            while server in servers.running(project):
                time.sleep(0.5)
            raise SlipwayError(f"the server of version {server.version} ended; see .slipway/servers/")
        finally:
            servers.stop(project, server)


def _has_traffic(line: Line) -> bool:
    return line.traffic.is_file()


@contextmanager
def _signals_exit() -> Iterator[None]:
    """A closed terminal and a plain kill leave by the way that stops the server, too."""
    heeded = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) != signal.SIG_IGN]
    before = {number: signal.signal(number, _leave) for number in heeded}  # nohup ignores one
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
