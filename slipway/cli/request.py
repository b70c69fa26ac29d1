"""`slipway request`: what a client sends, made from the card of the version that answers."""

import json
import shlex
from typing import Annotated, Any

import typer

from slipway.base.errors import Refused, SlipwayError
from slipway.cli.console import out
from slipway.cli.lines import has_traffic, in_use
from slipway.cli.options import LineSize, System


def request(
    system: System = None,
    size: LineSize = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a curl that works, in place of sending it.")
    ] = False,
) -> None:
    """Send the example of the card to what `slipway serve` serves on this machine, and print the answer."""
    import httpx

    from slipway.rollout.targets import bind

    line = in_use(system, size, has_traffic)
    answers = bind(line).placement.answers()
    if not answers:
        # guard request.served
        raise Refused(f"nothing serves {line.name} on this machine; run `slipway serve --size {line.size}`")
    url = next(iter(answers))
    body = json.dumps(_example(httpx.get(f"{url}/openapi.json").json(), url))
    if example:
        sent = ["-H", "Content-Type: application/json", "-d", body, f"{url}/predict"]
        out.print(f"curl -sS {shlex.join(sent)}", markup=False)
        return
    answer = httpx.post(f"{url}/predict", content=body, headers={"Content-Type": "application/json"})
    out.print(answer.text, markup=False)
    if answer.is_error:
        raise SlipwayError(f"{url}/predict: status {answer.status_code}, expected 200")


def _example(told: Any, url: str) -> Any:
    try:
        return told["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    except (KeyError, TypeError) as error:
        raise SlipwayError(
            f"{url}/openapi.json: it has no example; the version is from before there were any, or others "
            "may reach that address"
        ) from error


def add(app: typer.Typer) -> None:
    """Add `slipway request` to the program."""
    app.command()(request)
