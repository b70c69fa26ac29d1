"""`slipway serve`: the version in production on a port of this machine."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Annotated

import typer

from slipway.base.errors import Refused, SlipwayError
from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import has_traffic, in_use
from slipway.cli.options import Json, LineSize, System


def serve(
    system: System = None,
    size: LineSize = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on the loopback address; 0 is any free one.")
    ] = 3000,
    as_json: Json = False,
) -> None:
    """Serve the version that production traffic goes to, until interrupted."""
    from slipway.rollout.targets import bind, traffic

    line = in_use(system, size, has_traffic)
    live = traffic(line)
    if live is None:
        # guard serve.live
        raise Refused(f"no version of {line.name} is live; run `slipway demo --size {line.size}` first")
    version = live.stable.number
    with _signals_exit(), ExitStack() as stack:
        with Teller(quiet=as_json).doing(f"starting version {version} of {line.name}"):
            served = stack.enter_context(bind(line).placement.aside(live.stable, port))
        if as_json:
            print_json(json.dumps({"url": served.url, "version": version}))
        else:
            out.print(f"version {version} answers at {served.url}; Ctrl-C stops it", markup=False)
        while served.alive():
            time.sleep(0.5)
        raise SlipwayError(f"the server of version {version} ended; see {served.log}")


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
    # By an exception, so that the blocks that are open stop the server.
    sys.exit(128 + number)


def add(app: typer.Typer) -> None:
    """Add `slipway serve` to the program."""
    app.command()(serve)
