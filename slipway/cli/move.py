"""`slipway rollout`, `rollback` and `recover`: the commands that move traffic; and `clear`."""

import json
from typing import Annotated

import typer

from slipway.cli import hold
from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import existing, in_use
from slipway.cli.options import AnySize, AnySystem, Json, LineSize, Revision, System, Version

rollouts = typer.Typer(invoke_without_command=True)


@rollouts.callback()
def rollout(
    system: System = None,
    size: LineSize = None,
    revision: Revision = "WORKSPACE",
    version: Version = None,
    image: Annotated[
        str | None,
        typer.Option(
            "--image",
            help="Its image, REPOSITORY@sha256:..., as `slipway publish` prints it; kept, so that a rollback "
            "finds it. Where targets names cluster.",
        ),
    ] = None,
    as_json: Json = False,
    context: typer.Context = None,  # type: ignore[assignment]  # typer gives one
) -> None:
    """Canary a version against production, and promote it only on evidence from the traffic."""
    if context is not None and context.invoked_subcommand is not None:
        return
    from slipway.cli import jobs
    from slipway.registry.versions import Registry
    from slipway.rollout.target import Deployed
    from slipway.rollout.targets import bind
    from slipway.stages.recover import staging

    registry, teller = Registry(in_use(system, size)), Teller(quiet=as_json)
    registry.require_movable()  # guard registry.embedded
    if version is None:
        for done in staging(registry):
            teller.line(done)
    number = registry.chosen(version)
    if image is not None:
        bind(registry.line).placement.learn(
            Deployed(number=number, digest=registry.get(number).digest), image
        )
    record = jobs.rollout(registry.line, revision, number, teller)
    if as_json:
        print_json(record.model_dump_json())
    else:
        out.print(f"{record.decision}: {record.reason}", markup=False)
    jobs.raise_for(record)  # guard command.refused


def rollback(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")],
    to: Annotated[
        int | None,
        typer.Option(
            "--to", min=1, help="A version that was in production before. Default: the previous one."
        ),
    ] = None,
    system: System = None,
    size: LineSize = None,
    as_json: Json = False,
) -> None:
    """Move production back to the previous version, or one before it, and bar the one that was live."""
    from slipway.runs import heard
    from slipway.stages.rollback import roll_back

    line, teller = in_use(system, size), Teller(quiet=as_json)
    # Stages print on standard output, which has to stay JSON here; their lines are told instead.
    with teller.doing("rollback"), heard(line.project, "rollback", lambda _, text: teller.line(text)):
        record = roll_back(line, reason, to)
    if as_json:
        print_json(record.model_dump_json())
    else:
        out.print(
            f"production is version {record.version}; version {record.replaced} is barred", markup=False
        )


def clear(
    version: Annotated[int, typer.Option("--version", help="Number of the barred version.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")],
    system: System = None,
    size: LineSize = None,
    as_json: Json = False,
) -> None:
    """Let a version that a rollback barred be rolled out again."""
    from slipway.stages.clear import clear as let_back

    let_back(in_use(system, size), version, reason)
    if as_json:
        print_json(json.dumps({"version": version, "barred": None}))
    else:
        out.print(f"version {version} may be rolled out again", markup=False)


def recover(system: AnySystem = None, size: AnySize = None, as_json: Json = False) -> None:
    """Finish or drop a killed move, and put traffic and aliases back to what the records say."""
    from slipway.runs import heard
    from slipway.stages.recover import settle

    teller, done = Teller(quiet=as_json), {}
    for line in existing(system, size):
        with teller.doing("recover"), heard(line.project, "recover", lambda _, text: teller.line(text)):
            done[line.name] = settle(line)
    if as_json:
        print_json(json.dumps(done))
        return
    for name, found in done.items():
        for one in found or ["nothing to do"]:
            out.print(f"{name}: {one}", markup=False)


def add(app: typer.Typer) -> None:
    """Add `slipway rollout` with what is said to one, `rollback`, `recover` and `clear` to the program."""
    app.add_typer(rollouts, name="rollout")
    for said in (hold.pause, hold.approve, hold.abort):
        rollouts.command()(said)
    for command in (rollback, recover, clear):
        app.command()(command)
