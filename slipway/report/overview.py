"""What is live, from which data it comes and what was decided, of every line of a project, as one page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway.base.addresses import masked
from slipway.base.errors import SlipwayError
from slipway.records.decision import DecisionRecord
from slipway.records.kept import Break, Chain, Entry
from slipway.registry.model_version import ModelVersion
from slipway.registry.versions import Registry
from slipway.report import summary
from slipway.report.html import environment, figure
from slipway.report.lineage import Box, Path, lineage
from slipway.report.wording import printable, when
from slipway.rollout.status import Status, look

REPORT = "report.html"
"""What a run keeps its report as."""
MOST = 8 * 2**20
"""Bytes of a report; ours have some hundred thousand."""


@dataclass(frozen=True)
class Decided:
    """A decision.

    Attributes:
        report: the page of its run, None where that is not to be had.
    """

    record: DecisionRecord
    report: str | None

    @property
    def file(self) -> str:
        """Where its report lies beside the overview; ids of records are unique among all lines."""
        return f"reports/{re.sub('[^A-Za-z0-9]', '-', self.record.id)[:120]}.html"


@dataclass(frozen=True)
class Alive:
    """A version that has an alias or traffic, and where it comes from.

    Attributes:
        share: percent of the traffic; None where that is not known.
        trained: the record that registered it, None where there is none that holds.
        newest: the last record about it, beside that one.
    """

    version: ModelVersion
    roles: tuple[str, ...]
    share: int | None
    trained: DecisionRecord | None
    newest: DecisionRecord | None


@dataclass(frozen=True)
class Seen:
    """One line of versions.

    Attributes:
        of: the options that name it on a command line.
        decided: the newest decisions, the newest first.
        kept: how many hold.
        unread: what is said of decisions that cannot be read.
    """

    name: str
    of: str
    status: Status
    alive: Sequence[Alive]
    decided: Sequence[Decided]
    kept: int
    unread: Sequence[str]
    accepted: Sequence[Break]


def see(registry: Registry, last: int) -> Seen:
    """Look at a line once: its records are verified, and of them the newest `last` are read.

    Raises:
        SlipwayError: as for `look`.
    """
    verdict, line = registry.verdict(), registry.line
    status, chain, unread = look(registry, verdict), verdict.chain, list[str]()

    def tell(error: SlipwayError) -> None:
        unread.append(str(error))

    def read(entry: Entry | None) -> DecisionRecord | None:
        return None if entry is None else registry.readable(entry, tell)

    newest = sorted(chain.entries.values(), key=lambda one: one.id, reverse=True)[:last]
    return Seen(
        name=line.name,
        of=f"--system {line.system} --size {line.size}",
        status=status,
        alive=[
            Alive(
                registry.get(number),
                roles,
                _share(status, number),
                read(_only(chain.registered(number))),
                read(_newest(chain, number)),
            )
            for number, roles in _roles(status).items()
        ],
        decided=[
            Decided(record, _report(registry, record)) for one in newest if (record := read(one)) is not None
        ],
        kept=len(chain.entries),
        unread=unread,
        accepted=chain.accepted,
    )


def _roles(status: Status) -> dict[int, tuple[str, ...]]:
    """The versions that have an alias or traffic, with the words for it; production first."""
    named = {
        "production": status.production,
        "canary": status.canary,
        "staging": status.staging,
        "previous": status.previous,
        "stable traffic": status.stable,
        "canary traffic": status.canary_traffic,
    }
    found: dict[int, tuple[str, ...]] = {}
    for role, number in named.items():
        if number is not None and not (role == "stable traffic" and number == status.production):
            found[number] = (*found.get(number, ()), role)
    return found


def _share(status: Status, number: int) -> int | None:
    if status.target is None:
        return None
    stable = 100 - status.weight if number == status.stable else 0
    return stable + (status.weight if number == status.canary_traffic else 0)


def _only(found: list[Entry]) -> Entry | None:
    return found[0] if len(found) == 1 else None


def _newest(chain: Chain, number: int) -> Entry | None:
    about = (one for one in chain.entries.values() if one.version == number and one.decision != "registered")
    return max(about, key=lambda one: one.id, default=None)


def _report(registry: Registry, record: DecisionRecord) -> str | None:
    """The page that a run keeps, without passwords in addresses; None where there is none that is ours."""
    try:
        found = registry.artifact(record.run or "", REPORT).read_bytes()[: MOST + 1].decode("utf-8")
    except (OSError, ValueError, SlipwayError):
        return None
    return masked(found) if _is_still(found) else None


def _is_still(page: str) -> bool:
    """Whether a page begins as ours do, with a policy by which nothing in it runs, loads or leads away.

    A report has no seal: whoever writes to a registry may have put another page in its place.
    """
    head = environment().get_template("head.html").render(title="")
    begins = f'<!doctype html>\n<html lang="en">\n<head>\n{head[: head.index("<title>")]}'
    return len(page) <= MOST and page.startswith(begins) and page.lower().count("http-equiv") == 1


def pages(project: str, seen: Sequence[Seen], at: datetime) -> dict[str, str]:
    """The files of the overview by their paths: HTML without scripts that loads nothing.

    Args:
        project: its name.
        at: when the lines were looked at.
    """
    rows = sorted(
        ((line, one) for line in seen for one in line.decided),
        key=lambda pair: pair[1].record.id,
        reverse=True,
    )
    page = (
        environment()
        .get_template("overview.html")
        .render(
            project=project,
            at=at,
            seen=seen,
            rows=rows,
            summary=summary,
            figures={one.name: figure(lineage, one.name, paths(one)) for one in seen if one.alive},
            chains={one.name: paths(one) for one in seen},
        )
    )
    reports = {one.file: one.report for line in seen for one in line.decided if one.report is not None}
    return {"index.html": masked(page), **reports}


def paths(seen: Seen) -> list[Path]:
    """From data to traffic, for each version that has an alias or traffic."""
    return [_path(one) for one in seen.alive]


def _path(one: Alive) -> Path:
    trained, newest = one.trained, one.newest or one.trained
    unknown = Box("not known", "no record of it holds")
    data, run = unknown, Box(printable(one.version.run[:12]), unknown.about)
    if trained is not None:
        data = Box(trained.data_fingerprint[:12], f"at {trained.revision[:12]}")
        evidence = trained.evaluation
        run = Box(run.name, f"{evidence.candidate.model if evidence else 'a model'}, {trained.at:%Y-%m-%d}")
    decision = unknown if newest is None else Box(summary.STYLES[newest.decision].word, when(newest.at))
    traffic = "not known here" if one.share is None else f"{one.share} %" if one.share else "none"
    named = Box(f"version {one.version.number}", one.version.digest[:12])
    return Path((data, run, named, decision, Box(traffic, ", ".join(one.roles))), bool(one.share))
