"""The decision in words: its headline, its tone and ten lines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from slipway.records.canary import CanaryEvidence
from slipway.records.checks import Check
from slipway.records.decision import Decision, DecisionRecord
from slipway.records.evidence import Comparison, Evidence
from slipway.records.labels import told
from slipway.records.shadow import ShadowEvidence
from slipway.report.wording import MINUS, interval, number, printable, verdict
from slipway.tasks import kind

Tone = Literal["good", "bad", "unsure"]
ENDS = {"pass": "passed", "abort": "aborted", "inconclusive": "inconclusive"}
"""What becomes of a shadow, in words."""
ANSWERS = ("bad", "not shown", "good")
"""Of checks, in the order in which they are told."""


@dataclass(frozen=True)
class Style:
    """How one kind of decision is shown."""

    tone: Tone
    sign: str
    word: str
    headline: str


STYLES: dict[Decision, Style] = {
    "registered": Style("good", "✓", "registered", "{it} was registered and waits in staging"),
    "refused": Style("bad", "✕", "refused", "{it} was refused"),
    "first": Style("good", "✓", "first deployment", "{it} went to production, as the first"),
    "promote": Style("good", "✓", "promoted", "{it} was promoted to production"),
    "abort": Style("bad", "✕", "aborted", "The canary of {its} was aborted"),
    "inconclusive": Style("unsure", "?", "inconclusive", "The canary of {its} was inconclusive"),
    "rollback": Style("unsure", "↩", "rolled back", "Production was rolled back to {its}"),
    "cleared": Style("unsure", "↺", "cleared", "{it} may be rolled out again"),
    "accepted": Style("unsure", "!", "accepted", "Breaks of the decision records were accepted"),
}


def headline(record: DecisionRecord) -> str:
    """What was decided, for which version."""
    if record.version is not None:
        it = f"Version {record.version}"
    else:
        it = (
            f"The candidate {printable(record.evaluation.candidate.model)}"
            if record.evaluation
            else "The run"
        )
    style = STYLES[record.decision].headline
    if record.canary is not None and record.canary.shadow is not None and not record.canary.looks:
        style = style.replace("canary", "shadow")
    return style.format(it=it, its=it[0].lower() + it[1:])


def other(record: DecisionRecord) -> tuple[str, str]:
    """What became of the version that was in production, in words, and which version that is."""
    if record.decision in ("first", "promote", "rollback"):
        return "Replaces", "nothing" if record.replaced is None else f"version {record.replaced}"
    champion = record.evaluation.champion if record.evaluation else None
    # A refusal may not name it; the champion that it was compared with was in production.
    live = record.replaced if record.replaced is not None or champion is None else champion.version
    if live is not None:
        return "Stays in production", f"version {live}"
    nothing = record.evaluation is not None and champion is None and not record.evaluation.unscored
    return "Stays in production", "nothing is yet" if nothing else "not recorded"


def is_baseline(evidence: Evidence) -> bool:
    """Whether the candidate is the baseline itself, as for the first version of a system."""
    return evidence.candidate.digest == evidence.baseline.digest


def checks(record: DecisionRecord) -> list[Check]:
    """Every check made: failed ones first, then what is not shown; the canary's own are added if missing."""
    more = record.canary.verdict.checks if record.canary else []
    every = [*record.checks, *(check for check in more if check not in record.checks)]
    # Within each answer the order of the checks stays.
    return sorted(every, key=lambda check: ANSWERS.index(check.answer))


def ten_lines(record: DecisionRecord) -> list[tuple[str, str]]:
    """What was decided and why: ten pairs of a word and a line, whatever the record lacks."""
    return [
        ("Decision", headline(record)),
        ("Why", printable(record.reason, 300)),
        ("Checks", _checks(record)),
        ("Data", _data(record)),
        ("Code", _code(record)),
        ("Candidate", _of(record.evaluation, _candidate)),
        ("Baseline", _of(record.evaluation, lambda found: _against(found, "baseline"))),
        ("Champion", _of(record.evaluation, lambda found: _against(found, "champion"))),
        ("Best reachable", _of(record.evaluation, _best)),
        ("Canary", _canary(record.canary) if record.canary else no_canary(record)),
    ]


def no_canary(record: DecisionRecord) -> str:
    """Why a record holds no canary, in a sentence."""
    return {
        "registered": "No canary: the version has only been registered; a rollout comes next.",
        "refused": "No canary: a refused candidate never meets traffic.",
        "first": "No canary: first deployment, nothing was live to compare with.",
        "rollback": "No canary: a rollback returns to a version that was live before.",
        "cleared": "No canary: a version may be rolled out again; a rollout comes next.",
        "accepted": "No canary: this is about records, and no version.",
    }.get(record.decision, "No canary: the record holds no evidence of one.")


def comparison(evidence: Evidence, other: Literal["baseline", "champion"]) -> Comparison | None:
    """The candidate against one other model, where it was made."""
    return next((found for found in evidence.comparisons if found.other == other), None)


def _of(evidence: Evidence | None, say: Callable[[Evidence], str]) -> str:
    return say(evidence) if evidence else "not evaluated in this run"


def _checks(record: DecisionRecord) -> str:
    found = checks(record)
    if not found:
        return "none was made"
    codes = {answer: [check.code for check in found if check.answer == answer] for answer in ANSWERS}
    passed = f"{len(codes['good'])} of {len(found)} passed"
    told = sum(check.optional for check in found)
    freely = f" ({told} refuse{'s' if told == 1 else ''} nothing)" if told else ""
    return passed + _named("failed", codes["bad"]) + _named("not shown", codes["not shown"]) + freely


def _named(word: str, codes: list[str]) -> str:
    shown = ", ".join(printable(code, 60) for code in codes[:3])
    return f"; {word}: {shown}{' …' if len(codes) > 3 else ''}" if codes else ""


def _data(record: DecisionRecord) -> str:
    where = f"{printable(record.size)}, fingerprint {record.data_fingerprint[:12]}"
    if not record.evaluation:
        return where
    holdout = record.evaluation.holdout
    return f"{where}; holdout of {holdout.rows:,} rows, {told(holdout.labels)}"


def _code(record: DecisionRecord) -> str:
    if not record.git_commit:
        return "no Git commit"
    return (
        f"commit {printable(record.git_commit[:12])}, {'clean' if record.git_clean else 'with local changes'}"
    )


def _candidate(evidence: Evidence) -> str:
    model = evidence.candidate
    known = [one for one in kind(evidence.task).metrics if one.tracked]
    figures = [f"{one.words} {interval(model.metrics.get(one.name))}" for one in known]
    return f"{printable(model.model)}: {', '.join(figures)}"


def _against(evidence: Evidence, other: Literal["baseline", "champion"]) -> str:
    if other == "baseline" and is_baseline(evidence):
        return "the candidate is the baseline itself"
    found = comparison(evidence, other)
    if found:
        up = kind(evidence.task).metric(evidence.primary).better == "higher"
        said = verdict(found.difference, better_is_up=up)
        place = f"; {evidence.use}" if other == "champion" and evidence.use else ""
        carried = other == "champion" and evidence.parity is not None and evidence.parity.carried is not None
        where = "; scored in the environment that it carries" if carried else ""
        return f"candidate {MINUS} {other} {interval(found.difference, sign=True)}: {said}{place}{where}"
    if other == "champion" and evidence.unscored:
        return f"could not be scored: {printable(evidence.unscored, 400)}"
    return f"no {other} to compare with"


def _best(evidence: Evidence) -> str:
    best, task = evidence.holdout.best, kind(evidence.task)
    metric = task.metric(evidence.primary)
    reached = evidence.candidate.metrics.get(metric.name)
    if best is None or reached is None:
        return f"not known: {task.words.truth} are not" if best is None else f"{metric.words} {number(best)}"
    away = f"{number(abs(reached.value - best))} {'above' if reached.value >= best else 'below'} it"
    return f"{metric.words} {number(best)}; the candidate is {away}"


def _canary(canary: CanaryEvidence) -> str:
    if canary.shadow is not None and canary.shadow.decides:
        return _shadowed(canary, canary.shadow)
    if not canary.looks:
        return "ended before the first look at its traffic"
    last = canary.looks[-1]
    difference = interval(last.gain, sign=True)
    return f"{canary.verdict.outcome}: canary {MINUS} stable {difference} ({earned(canary)})"


def _shadowed(canary: CanaryEvidence, shadow: ShadowEvidence) -> str:
    """Quality first, which the shadow decided, and what became of the canary after it."""
    gain = interval(shadow.looks[-1].difference, sign=True) if shadow.looks else interval(None)
    said = (
        f"shadow {ENDS.get(shadow.verdict.outcome, '')}: candidate {MINUS} stable {gain} ({earned(canary)})"
    )
    return f"{said}; {f'canary: {canary.verdict.outcome}' if canary.looks else 'no canary'}"


def earned(canary: CanaryEvidence) -> str:
    """The decision metric of a canary, in words."""
    return kind(canary.task).words.earned.get(canary.metric, canary.metric)
