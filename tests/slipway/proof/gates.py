"""The gates: what the `gate` markers of the tests say, collected and checked."""

import contextlib
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.slipway.proof.guards import Guard, guards

STAGES = (
    "ingest",
    "check",
    "split",
    "fetch",
    "train",
    "evaluate",
    "gate",
    "register",
    "package",
    "smoke",
    "shadow",
    "canary",
    "promote",
    "rollback",
    "record",
    "serve",
    "settings",
    "new-system",
    "update",
    "gc",
    "forget",
)
"""Who stops something, in the order of the flow."""
FIELDS = ("fed", "stops", "exit", "reason", "untouched")


class Malformed(Exception):  # noqa: N818 - a fault in a test, told by its place
    """Markers that do not say what they have to; one line each."""


@dataclass(frozen=True)
class Row:
    """What one gate stops, and the ids of the guards that it rests on."""

    name: str
    fed: str
    stops: str
    exit: int | str
    reason: str
    untouched: str
    guards: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A test that proves a gate."""

    node: str
    long: bool


@dataclass(frozen=True)
class Gate:
    """A gate, the places in the sources that it rests on, and its tests."""

    row: Row
    guards: tuple[Guard, ...]
    cases: tuple[Case, ...]


class Collector:
    """A pytest plugin that notes the gate markers of what was collected."""

    def __init__(self) -> None:
        self.found: list[tuple[pytest.Mark, Case]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Every test with every gate that it proves, in the order of collection."""
        self.found += marked(session.items)


def marked(items: list[pytest.Item]) -> list[tuple[pytest.Mark, Case]]:
    """Every gate marker with its test."""
    cases = ((item, Case(item.nodeid, item.get_closest_marker("long") is not None)) for item in items)
    return [(mark, case) for item, case in cases for mark in item.iter_markers("gate")]


def collect(root: Path) -> list[Gate]:
    """Collect the tests of the tree at `root`, which is the working directory; nothing is run.

    Raises:
        Malformed: the tests cannot be collected, or a marker or a guard does not say what it has to.
    """
    collector, said = Collector(), io.StringIO()
    options = ["--collect-only", "-qq", "-p", "no:cacheprovider", "--disable-plugin-autoload"]
    with contextlib.redirect_stdout(said):
        status = pytest.main(options, plugins=[collector])
    if status != pytest.ExitCode.OK:
        _, _, errors = said.getvalue().partition(" ERRORS ")
        raise Malformed(f"the tests cannot be collected: {errors or said.getvalue()}")
    try:
        known = guards(root)
    except ValueError as error:
        raise Malformed(str(error)) from error
    return gates(collector.found, known)


def gates(found: list[tuple[pytest.Mark, Case]], known: Mapping[str, tuple[Guard, ...]]) -> list[Gate]:
    """One gate per name, in the order of the flow.

    Raises:
        Malformed: names the test of every marker that is at fault, and every guard that no marker names.
    """
    rows: dict[str, Row] = {}
    cases: dict[str, list[Case]] = defaultdict(list)
    faults: list[str] = []
    given: set[str] = set()
    for mark, case in found:
        try:
            name = _name(mark)
            cases[name].append(case)
            if mark.kwargs:
                given.add(name)
                row = _row(name, mark.kwargs, known)
                if rows.setdefault(name, row) != row:
                    raise ValueError(f"another test says something else of {name!r}")
        except ValueError as error:
            faults.append(f"{case.node}: {error}")
    rowless = [name for name in cases if name not in given]
    faults += [f"{cases[name][0].node}: no test has the whole row of {name!r}" for name in rowless]
    named = {one for row in rows.values() for one in row.guards}
    faults += [f"{places[0]}: no gate names this guard" for one, places in known.items() if one not in named]
    if faults:
        raise Malformed("\n".join(dict.fromkeys(faults)))
    ordered = sorted(rows.values(), key=lambda row: (STAGES.index(row.stops), row.name))
    return [
        Gate(
            row=row,
            guards=tuple(guard for one in row.guards for guard in known[one]),
            cases=tuple(dict.fromkeys(cases[row.name])),
        )
        for row in ordered
    ]


def _name(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or not isinstance(mark.args[0], str):
        raise ValueError(f"gate marker with {mark.args!r}, expected its name and then fields by keyword")
    return mark.args[0]


def _row(name: str, fields: Mapping[str, Any], known: Mapping[str, tuple[Guard, ...]]) -> Row:
    """A gate rests on the guard of its own name, where its marker gives no other."""
    if set(fields) - {"guard"} != set(FIELDS):
        raise ValueError(f"gate {name!r} has the fields {sorted(fields)}, expected {sorted(FIELDS)}")
    texts = {key: fields[key] for key in ("fed", "stops", "reason", "untouched")}
    for key, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"gate {name!r}: {key} is {text!r}, expected a text")
    if fields["stops"] not in STAGES:
        raise ValueError(f"gate {name!r}: stops is {fields['stops']!r}, expected one of {STAGES}")
    if not isinstance(fields["exit"], str) and fields["exit"] not in (0, 1, 2, 3, 4):
        raise ValueError(f"gate {name!r}: exit is {fields['exit']!r}, expected 0 to 4 or a status as a text")
    given = fields.get("guard", name)
    listed = (given,) if isinstance(given, str) else tuple(given)
    if not listed:
        raise ValueError(f"gate {name!r}: guard is empty, expected an id or several")
    for one in listed:
        if one not in known:
            raise ValueError(f"gate {name!r}: no guard in the sources has the id {one!r}")
    return Row(name=name, exit=fields["exit"], guards=listed, **texts)
