"""Commands that look and change nothing: status, history, report, doctor, schema."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import TypeAdapter
from rich.markup import escape
from rich.table import Table

from slipway.base.errors import Lost, Refused, SlipwayError, UsageError
from slipway.base.provenance import now
from slipway.cli.console import Teller, err, out, print_json
from slipway.cli.lines import existing, in_use
from slipway.cli.options import AnySize, AnySystem, Json, LineSize, System
from slipway.records.decision import DecisionRecord
from slipway.records.history import Past, as_of, moment, told
from slipway.records.kept import Entry
from slipway.records.window import NEWEST, Window
from slipway.settings import Line
from slipway.settings.root import Project

if TYPE_CHECKING:
    from slipway.registry.versions import Registry
    from slipway.rollout.status import Status

Tell = Callable[[SlipwayError], None]
"""Takes what is said of a record that does not hold, or that cannot be read."""


def status(
    system: AnySystem = None,
    size: AnySize = None,
    check: Annotated[
        bool, typer.Option("--check", help="End with 3 where alias, traffic and answering server differ.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show aliases, traffic and what answers, line by line, and whether they agree; as JSON a list."""
    from slipway.registry.versions import Registry
    from slipway.rollout.status import Status, look

    with Teller(quiet=as_json).doing("status"):
        found = [look(Registry(line)) for line in existing(system, size)]
    if as_json:
        print_json(TypeAdapter(list[Status]).dump_json(found).decode())
    elif not found:
        out.print("nothing yet: no decision, no version, no traffic; begin with `slipway demo`", markup=False)
    else:
        for one in found:
            _print_status(one)
    if check and (problems := [problem for one in found for problem in one.problems]):
        raise Refused("; ".join(problems))  # guard status.differs


def _print_status(one: "Status") -> None:
    answers = "\n".join(f"{_shown(version)} at {escape(url)}" for url, version in one.answers.items())
    table = Table("", "alias", "traffic", "answers", title=f"{one.system} ({one.size}), {one.registry}")
    table.add_row("production", _shown(one.production), _shown(one.stable), answers or "nothing serves here")
    table.add_row("canary", _shown(one.canary), f"{_shown(one.canary_traffic)} at {one.weight} %")
    table.add_row("staging", _shown(one.staging), "")
    table.add_row("previous", _shown(one.previous), "")
    out.print(table)
    for running in one.running:
        if running.waits:
            out.print(f"{running.stage} of version {running.version}: {running.waits}", markup=False)
    broken = f"; `slipway history --verify` says what: {one.breaks[0]}" if one.breaks else ""
    out.print(f"{one.records}{broken}", markup=False)
    if one.webhook:
        out.print(f"webhook: {one.webhook}", markup=False)
    for moved in one.by_hand:
        out.print(f"by hand: {moved}", markup=False)
    for hint in one.hints:
        out.print(f"hint: {hint}", markup=False)
    if one.target is None:
        out.print(
            "no target of project.yaml is bound to this registry: its traffic is not known here", markup=False
        )
    for problem in one.problems:
        out.print(f"differs: {problem}", markup=False)


def _shown(version: int | None) -> str:
    return "-" if version is None else str(version)


def history(
    system: AnySystem = None,
    size: AnySize = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="What was in production then, line by line: an ISO date (its end) or time; UTC.",
            metavar="DATE",
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Whether these are the records that were kept; an error if not.")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept", metavar="REASON", help="Write down that the breaks found are known, and why."
        ),
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help=f"The newest so many. Default: {NEWEST}.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Those from then on: an ISO date or time; UTC."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every decision.")] = False,
    as_json: Json = False,
) -> None:
    """List the newest decisions on every line, oldest first, and why they were taken; or until a moment."""
    if verify or accept is not None:
        if accept is not None:
            from slipway.stages.accept import accept as keep_accepted

            keep_accepted(in_use(system, size), accept)
        _verify(existing(system, size), as_json)
        return
    begin = None if since is None else moment(since, "--since", time.min)
    window = Window(last or (None if everything or since else NEWEST), begin)
    until = None if at is None else moment(at)
    lost: list[Lost] = []
    with Teller(quiet=as_json).doing("history"):
        tell = _warning(lost)
        kept = _kept(existing(system, size), tell)
        records = [] if until else _newest(kept, window, tell)
        past = [] if until is None else [(one, _past(one, kept[one], until, window, tell)) for one in kept]
    if until is None:
        _print_decisions(records, as_json)
        if window.last is not None and window.last < (whole := sum(map(len, kept.values()))):
            err.print(f"the newest {len(records)} of {whole} decisions; --all shows the rest", markup=False)
    else:
        _print_past(past, window, as_json)
    if lost:
        more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise Lost(f"{lost[0]}{more}; see `slipway history --verify`")  # guard history.lost


def _print_past(past: "list[tuple[Registry, Past]]", window: Window, as_json: bool) -> None:
    """What was in production at a moment, and the newest decisions until then."""
    shown = [one.model_copy(update={"decisions": window.cut(one.decisions)}) for _, one in past]
    if as_json:
        print_json(TypeAdapter(list[Past]).dump_json(shown).decode())
        return
    _print_decisions([record for one in shown for record in one.decisions])
    for registry, one in past:
        out.print(f"{registry.line.name}: {told(one)}", markup=False)


def _newest(kept: "dict[Registry, list[Entry]]", window: Window, tell: Tell) -> list[DecisionRecord]:
    """Of all lines together, oldest first."""
    found = [(registry, one) for registry, some in kept.items() for one in window.newest(some)]
    newest = window.cut(sorted(found, key=lambda one: one[1].id))
    return [record for record in _read(newest, tell) if window.holds(record)]


def _past(registry: "Registry", entries: list[Entry], at: datetime, window: Window, tell: Tell) -> Past:
    """What the records of one line say of a moment."""
    records = _read(((registry, one) for one in window.until(entries, at)), tell)
    return as_of(records, at, system=registry.line.system, size=registry.line.size, now=now())


def _verify(lines: list[Line], as_json: bool) -> None:
    """One line for each line of versions, and one for each break.

    Raises:
        SlipwayError: something is broken.
    """
    from slipway.registry.versions import Registry

    with Teller(quiet=as_json).doing("history"):
        found = {line.name: Registry(line).verdict(remember=True) for line in lines}
    if as_json:
        print_json(json.dumps({name: one.told() for name, one in found.items()}))
    else:
        for name, one in found.items():
            out.print(f"{name}: {one}", markup=False)
            for fault in one.breaks:
                back = f"; {fault.back}" if fault.back else ""
                out.print(f"{name}: {fault}{back}", markup=False)
            for fault in one.chain.accepted:
                out.print(f"{name}: accepted: {fault}", markup=False)
    if broken := [name for name, one in found.items() if one.breaks]:
        # guard history.verify
        raise SlipwayError(
            f"{', '.join(broken)}: the decision records and the registry are not as slipway left them"
        )


def _warning(lost: list[Lost]) -> Tell:
    """Warns, and keeps what is said of each record that was kept and does not hold any more."""

    def tell(error: SlipwayError) -> None:
        err.print(f"warning: {error}", markup=False)
        if isinstance(error, Lost):
            lost.append(error)

    return tell


def _kept(lines: list[Line], tell: Tell, run: str | None = None) -> "dict[Registry, list[Entry]]":
    """The records of some lines that hold, oldest first; nothing of them is read yet."""
    from slipway.registry.versions import Registry

    return {registry: registry.entries(run, tell) for registry in map(Registry, lines)}


def _read(found: "Iterable[tuple[Registry, Entry]]", tell: Tell) -> Iterator[DecisionRecord]:
    """Records, each once it is asked for; one that a newer slipway wrote must not hide the others."""
    for registry, entry in found:
        if (record := registry.readable(entry, tell)) is not None:
            yield record


def _print_decisions(records: list[DecisionRecord], as_json: bool = False) -> None:
    records = sorted(records, key=lambda record: record.id)
    if as_json:
        print_json(TypeAdapter(list[DecisionRecord]).dump_json(records).decode())
        return
    lines = {(one.system, one.size): f"{escape(one.system)} ({escape(one.size)})" for one in records}
    several = len(lines) > 1
    columns = ("when (UTC)", *(["line"] * several), "decision", "version", "replaced", "data", "why")
    where = "" if several else "".join(f" on {line}" for line in lines.values())
    table = Table(*columns, title=f"{len(records)} decisions{where}")
    for one in records:
        table.add_row(
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            *([lines[one.system, one.size]] * several),
            one.decision,
            _shown(one.version),
            _shown(one.replaced),
            escape(one.data_fingerprint[:8]),
            escape(one.reason),
        )
    out.print(table)


def report(
    system: System = None,
    size: LineSize = None,
    record: Annotated[str | None, typer.Option(help="Id of a decision. Default: the newest.")] = None,
    ran_here: Annotated[
        bool, typer.Option("--last-run", help="Of this machine's last run only; an error where it took none.")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="Copy the report to this file.")] = None,
    form: Annotated[
        Literal["html", "markdown"], typer.Option("--format", help="The page, or its ten lines as Markdown.")
    ] = "html",
    as_json: Json = False,
) -> None:
    """Print where the report of a decision is, or copy it; as Markdown, print the decision itself."""
    from slipway.base.atomic import whole_file
    from slipway.runs import last_run

    run = last_run(Project.find()) if ran_here else None
    if ran_here and run is None:
        raise Refused("no run has begun on this machine")  # guard report.none
    # A run or a record has an id, which is found on whichever line it was decided.
    lines = existing(system, size) if run or record else [in_use(system, size)]
    tell = _warning([])
    found = _last(_kept(lines, tell, run), record, tell)
    if found is None and run:
        raise Refused(f"run {run} took no decision; its log is .slipway/runs/{run}.log")  # guard report.none
    if found is None and record:
        raise UsageError(f"no decision {record}; `slipway history` lists them")  # guard report.record
    if found is None:
        raise Refused("no decision yet; begin with `slipway demo`")  # guard report.none
    registry, newest = found
    path = None if form == "markdown" else registry.artifact(newest.run or "", "report.html")
    content = path.read_bytes() if path else _markdown(newest).encode()
    if to is not None:
        with whole_file(to) as aside:
            aside.write_bytes(content)
    elif path is None:
        out.print(content.decode(), markup=False, end="")
        return
    if as_json:
        print_json(json.dumps({"record": newest.id, "report": str(to or path)}))
    else:
        out.print(str(to or path), markup=False)


def _last(
    kept: "dict[Registry, list[Entry]]", record: str | None, tell: Tell
) -> "tuple[Registry, DecisionRecord] | None":
    """The newest decision that can be read, or the one with an id; None where there is none."""
    found = [(registry, one) for registry, some in kept.items() for one in some if record in (None, one.id)]
    for pair in sorted(found, key=lambda one: one[1].id, reverse=True):
        for decision in _read([pair], tell):
            return pair[0], decision
    return None


def _markdown(record: DecisionRecord) -> str:
    # It draws nothing, but lies beside what does.
    from slipway.report import markdown

    return markdown(record)


def doctor(
    shared: Annotated[
        bool, typer.Option("--shared", help="Ask for a shared registry: this machine is thrown away.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what is missing on this machine before anything fails late."""
    from slipway.doctor import Requirement, diagnose

    findings = diagnose(Project.find(), shared)
    if as_json:
        print_json(TypeAdapter(list[Requirement]).dump_json(findings).decode())
    else:
        table = Table("", "what", "found", "needed", "what to do")
        for one in findings:
            state = "ok" if one.ok else "MISSING" if one.missing else "warning"
            table.add_row(state, one.name, one.found, one.needed, "" if one.ok else one.hint)
        out.print(table)
    if missing := [one.name for one in findings if one.missing]:
        raise SlipwayError(f"missing: {', '.join(missing)}")


def schema(
    file: Annotated[Literal["card", "project"], typer.Argument(help="Which settings file.")] = "card",
) -> None:
    """Print the JSON schema of a settings file."""
    from slipway.settings import Card, ProjectSettings

    model = Card if file == "card" else ProjectSettings
    print_json(json.dumps(model.model_json_schema(), indent=2))


def add(app: typer.Typer) -> None:
    """Add `slipway status`, `history`, `report`, `doctor` and `schema` to the program."""
    for command in (status, history, report, doctor, schema):
        app.command()(command)
