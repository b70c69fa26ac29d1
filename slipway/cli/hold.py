"""`slipway rollout pause`, `approve` and `abort`: what people say to a rollout that is under way."""

import json
from typing import Annotated

import typer

from slipway.base.provenance import now, who
from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import has_traffic, in_use
from slipway.cli.options import Json, LineSize, System


def pause(
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to whoever looks.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the pause: the rollout goes on.")] = False,
    system: System = None,
    size: LineSize = None,
    as_json: Json = False,
) -> None:
    """Have the canary stay at its weight and decide nothing, for as long as you like; errors still end it."""
    from slipway.rollout import hold
    from slipway.rollout.targets import bind

    target = bind(in_use(system, size, has_traffic))
    traffic = target.placement.state()
    if end:
        was = hold.go_on(target.lease, traffic)
        _say(f"it goes on; it was {was}", was.model_dump_json(), as_json)
        return
    said = hold.pause(target.lease, traffic, who(), now(), reason)
    _say(f"{said}; `slipway rollout pause --end` has it go on", said.model_dump_json(), as_json)


def approve(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")] = "",
    system: System = None,
    size: LineSize = None,
    as_json: Json = False,
) -> None:
    """Approve the one step or promotion that the rollout waits for, in your name."""
    from slipway.rollout import hold
    from slipway.rollout.targets import bind

    target = bind(in_use(system, size, has_traffic))
    said = hold.approve(target.lease, target.placement.state(), who(), now(), reason)
    _say(str(said), said.model_dump_json(), as_json)


def abort(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")],
    system: System = None,
    size: LineSize = None,
    as_json: Json = False,
) -> None:
    """End the canary now, and wait until stable has the traffic; its rollout keeps the record."""
    from slipway.rollout import hold
    from slipway.rollout.targets import bind

    target, teller = bind(in_use(system, size, has_traffic)), Teller(quiet=as_json)
    with teller.doing("abort"):
        version = hold.abort(target.lease, target.placement.state(), who(), reason)
    _say(f"the canary of version {version} has ended", json.dumps({"version": version}), as_json)


def _say(text: str, document: str, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        out.print(text, markup=False)
