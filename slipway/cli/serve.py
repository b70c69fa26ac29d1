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

from slipway.cli.console import Teller, err, out, print_json
from slipway.cli.lines import has_traffic, in_use
from slipway.cli.options import Json, LineSize, System
from slipway.settings import Line


def serve(
    system: System = None,
    size: LineSize = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at. Any but a loopback one lets others ask, without a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 is any free one.")] = 3000,
    as_json: Json = False,
) -> None:
    """Serve the version that production traffic goes to, and follow it when it moves, until interrupted."""
    from slipway.rollout.targets.local_front import is_loopback
    from slipway.rollout.targets.local_production import LOOK_S, production

    line, teller = in_use(system, size, has_traffic), Teller(quiet=as_json)
    if not is_loopback(host):
        err.print(
            f"warning: whoever reaches {host} may ask for scores: there is no key and no encryption; metrics "
            "and the OpenAPI document are told at a loopback address only",
            markup=False,
        )
    with _signals_exit(), ExitStack() as stack:
        with teller.doing(f"starting {line.name}"):
            _rebuild_lost(line)
            found = stack.enter_context(production(line, host, port, lambda text: _say(text, as_json)))
        if as_json:
            print_json(json.dumps({"url": found.front.url, "version": found.live().number}))
        else:
            out.print("it follows production; Ctrl-C stops it", markup=False)
        while True:
            found.look(time.monotonic())
            time.sleep(LOOK_S)


def _rebuild_lost(line: Line) -> None:
    """Make the Bento of the live version again where it is gone, which takes the registry."""
    from slipway.release.bento import bento_path
    from slipway.rollout.targets import bind

    live = bind(line).placement.state()
    if live is not None and not bento_path(line.project, f"{line.bento}:{live.stable.number}").is_dir():
        from slipway.registry.versions import Registry
        from slipway.stages.package import require_packaged

        require_packaged(Registry(line), live.stable.number)


def _say(text: str, as_json: bool) -> None:
    (err if as_json else out).print(text, markup=False)


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
