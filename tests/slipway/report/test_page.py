"""The page of each kind of decision, and what must never be on one."""

import re

import pytest

from slipway.base.documents import read
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import Check
from slipway.records.evidence import Interval
from slipway.records.recalibration import Recalibration
from slipway.report import render
from slipway.report.markdown import markdown
from slipway.report.wording import MINUS, interval
from tests.slipway.evaluation import bad
from tests.slipway.records.documents import kept
from tests.slipway.report import sample
from tests.slipway.report.conftest import KINDS
from tests.slipway.report.reading import Reading

NASTY = [
    "<script>alert(1)</script>",
    "$\\frac{",
    "$x$",
    "x" * 10**4,
    "a\x00b\x1b[31m\u202ec",
    "</style></svg><img src=x onerror=alert(1)>",
    "#0072b2",
    "",
]
FIGURES = ["Log loss on", "Latency of", "Calibration curves", "Relative difference", "Timeline of"]
HEADLINES = {
    "promote": "Version 8 was promoted to production",
    "refused": "The candidate boosting was refused",
    "first": "Version 1 went to production, as the first",
    "abort": "The canary of version 8 was aborted",
    "inconclusive": "The canary of version 8 was inconclusive",
    "rollback": "Production was rolled back to version 7",
}


@pytest.fixture(scope="module")
def nasty() -> str:
    """A page whose every foreign text is an attack."""
    record = sample.record(
        reason=NASTY[0],
        by=NASTY[5],
        checks=[Check(code=text, passed=False, found=text, allowed=text) for text in NASTY],
        evaluation=sample.evidence(slices=[("device", text) for text in NASTY]),
    )
    return render(record, sample.card(), sample.split(), "javascript:alert(1)")


@pytest.mark.parametrize("kind", KINDS)
def test_the_decision_is_on_top(pages: dict[str, str], kind: str) -> None:
    """The headline and the reason stand before anything else."""
    text = Reading(pages[kind]).text
    top = text[text.index("decision report") : text.index("In ten lines")]
    assert HEADLINES[kind] in top
    assert KINDS[kind]().reason in top


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_runs_and_nothing_is_loaded(pages: dict[str, str], kind: str) -> None:
    """No script, no handler, no address but the link to the Data Docs, and a policy that forbids the rest."""
    page = Reading(pages[kind])
    assert "<script" not in pages[kind]
    assert "http:" not in pages[kind]
    assert "https:" not in pages[kind]
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.addresses <= {"docs/index.html"}
    assert not re.search(r"@import|url\((?!#)", pages[kind])
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    assert ("content", f"{policy}base-uri 'none'; form-action 'none'") in page.attributes


@pytest.mark.parametrize("kind", ["promote", "refused"])
def test_the_same_record_gives_the_same_bytes(pages: dict[str, str], kind: str) -> None:
    """A report can be made again and compared."""
    again = render(KINDS[kind](), sample.card(), sample.split(), "docs/index.html")
    assert again == pages[kind]


def test_a_page_stays_small(pages: dict[str, str]) -> None:
    """Every page is under one megabyte."""
    assert max(len(page.encode()) for page in pages.values()) < 1_000_000


def test_figures_are_described(pages: dict[str, str]) -> None:
    """Every figure carries a label for those who do not see it, once for each width."""
    labels = [value for name, value in Reading(pages["promote"]).attributes if name == "aria-label"]
    for figure in FIGURES:
        assert sum(label.startswith(figure) for label in labels) == 2


def test_ids_are_unique(pages: dict[str, str]) -> None:
    """No figure refers to a part of another."""
    ids = [value for name, value in Reading(pages["promote"]).attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_failed_checks_come_first(pages: dict[str, str]) -> None:
    """The check that stopped a candidate heads the table."""
    text = Reading(pages["refused"]).text
    assert text.index("✕ failed champion.log_loss") < text.index("✓ passed finite")


def test_a_canarys_own_checks_are_listed(pages: dict[str, str]) -> None:
    """The guardrail that aborted a canary stands among the checks."""
    assert "✕ failed canary.error_rate" in Reading(pages["abort"]).text


def row(page: str, code: str) -> tuple[str, str]:
    """The row of a check: its markup, and what a reader sees of it."""
    (found,) = (one for one in re.findall(r"<tr[ >].*?</tr>", page) if f"<code>{code}</code>" in one)
    return found, Reading(found).text


def test_a_check_has_one_of_three_answers(pages: dict[str, str]) -> None:
    """What is not shown is neither drawn as failed nor as passed, and stands between them."""
    page = pages["abort"]
    failed, unshown, passed = (
        row(page, f"canary.{name}") for name in ("error_rate", "latency", "sample_ratio")
    )

    assert failed[0].startswith('<tr class="failed">')
    assert failed[1].startswith("✕ failed ")
    assert unshown[0].startswith('<tr class="unshown">')
    assert '<span class="chip unsure">' in unshown[0]
    assert unshown[1].startswith("? not shown ")
    assert "would decide" not in unshown[1]
    assert passed[0].startswith("<tr><td>")
    assert passed[1].startswith("✓ passed ")
    assert page.index(failed[0]) < page.index(unshown[0]) < page.index(passed[0])


def test_it_says_how_much_would_decide(pages: dict[str, str]) -> None:
    """About so many, beside what was found; a canary that is merely open has no failed check."""
    page = pages["inconclusive"]

    assert "[-1, 0.008802] about 25,000 would decide" in row(page, "canary.error_rate")[1]
    assert "14 of 16 passed, 2 not shown: the evidence is too little" in Reading(page).text
    assert 'class="failed"' not in page


@pytest.mark.parametrize("kind", ["promote", "refused"])
def test_where_all_is_shown_nothing_is_said_of_it(pages: dict[str, str], kind: str) -> None:
    """As before there were three answers."""
    text = Reading(pages[kind]).text

    assert "? not shown" not in text
    assert "would decide" not in text


def judged(page: str) -> str:
    """What the section of the canary says."""
    return Reading(page[page.index('<section id="canary"') :]).text


def test_slow_answers_are_shown_by_their_rise(pages: dict[str, str]) -> None:
    """In percent, beside the limits that were frozen before the canary."""
    text = judged(pages["promote"])

    assert "Slow answers' rise" in text
    assert "+1.2 % [+0.2, +2.2]" in text
    assert "Latency ratio" not in text
    assert "within blocks of 500 consecutive requests, over all steps so far" in text
    assert "rise of the error rate of 0.5 %, and of the share of slow answers of 10 %" in text
    assert "slow means above 15.8 ms" in text
    assert "they are judged over blocks of all steps so far" in text


def test_the_allowed_rise_of_errors_is_the_one_in_the_record() -> None:
    """It may follow from stable's own rate, and then the card does not hold it."""
    grown = sample.canary().model_copy(update={"max_error_rate_rise": 0.0125, "slow_ms": None})
    text = judged(render(sample.record(canary=grown), sample.card(), None))

    assert "rise of the error rate of 1.25 %," in text
    assert "what is slow is not known" in text


def test_an_older_canary_keeps_its_latency_ratio() -> None:
    """It was judged by it, step by step."""
    older = read(kept("canary_evidence", 2, ".json"), CanaryEvidence)
    text = judged(render(sample.record(canary=older), sample.card(), None))

    assert older.looks[-1].latency_ratio is not None
    assert f"Latency ratio Canary {MINUS} stable" in text
    assert interval(older.looks[-1].latency_ratio) in text
    assert "2 times the stable version's latency at the 90th percentile, both beyond noise" in text
    assert "drawn afresh in each step and were judged so." in text
    assert "slow" not in text
    assert "blocks" not in text


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("first", "No canary: first deployment, nothing was live to compare with."),
        ("first", "No champion: nothing was in production"),
        ("refused", "No canary: a refused candidate never meets traffic."),
        ("rollback", "No canary: a rollback returns to a version"),
        ("rollback", "No models, curves, slices or latency: nothing was evaluated"),
        ("rollback", "No checks: this decision (rollback) was taken without any."),
        ("rollback", "No result: the data was not checked"),
    ],
)
def test_what_is_missing_says_why(pages: dict[str, str], kind: str, sentence: str) -> None:
    """A part without evidence is left out with a reason."""
    assert sentence in Reading(pages[kind]).text


def test_a_missing_split_says_why() -> None:
    """Without the manifest there is a sentence in place of the table."""
    page = render(sample.bare(), sample.card(), None)
    assert "No split table" in page
    assert "Data Docs" not in page


def test_the_metric_of_the_canary_is_named(pages: dict[str, str]) -> None:
    """A reader sees whether clicks were drawn or logged outcomes were used."""
    assert "reward: clicks on the option shown" in pages["promote"]
    assert "log loss of logged outcomes" in pages["abort"]


def test_a_dirty_commit_shows(pages: dict[str, str]) -> None:
    """Local changes are stated."""
    assert "dirty: local changes" in pages["refused"]
    assert "dirty" not in pages["promote"]


def test_foreign_text_makes_no_tags(nasty: str) -> None:
    """Slice values, reasons, names and a script's address are shown as text or not at all."""
    page = Reading(nasty)
    assert not {"script", "img"} & set(page.tags)
    assert page.addresses == set()
    assert NASTY[0] in page.text


def test_foreign_text_in_figures_is_text(nasty: str) -> None:
    """Formulas are not typeset, colours not replaced, control characters not written."""
    text = Reading(nasty).text
    assert "device = $\\frac{" in text
    assert "device = $x$" in text
    assert "device = #0072b2" in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", nasty)


def test_long_text_is_cut(nasty: str) -> None:
    """A value of 10,000 characters says so and takes a line or two."""
    assert "(10,000 characters)" in nasty
    assert "x" * 300 not in nasty


def test_the_baseline_is_not_compared_with_itself() -> None:
    """The first version of a system has no slices against itself."""
    evidence = sample.evidence(champion=False)
    same = evidence.baseline.model_copy(update={"role": "candidate"})
    page = render(
        sample.record(evaluation=evidence.model_copy(update={"candidate": same})), sample.card(), None
    )
    assert "No slices: the candidate is the baseline itself" in page


def test_many_slices_are_limited() -> None:
    """The worst twenty are drawn, and the rest are counted."""
    record = sample.refused().model_copy(
        update={"evaluation": sample.evidence(slices=[("ad", str(value)) for value in range(33)])}
    )
    page = render(record, sample.card(), None)
    assert "The worst 20 of 33 slices; 13 better ones are not shown." in page
    assert page.count("ad = ") == 2 * 20


def test_odd_evidence_is_rendered() -> None:
    """Infinite intervals, absent means and a champion that could not be scored are shown, not fatal."""
    wide = Interval(value=0.0, low=float("-inf"), high=float("inf"))
    evidence = sample.evidence(champion=False, slices=[])
    evidence = evidence.model_copy(
        update={
            "champion_problem": "its process ended with 1",
            "comparisons": [],
            "candidate": evidence.candidate.model_copy(update={"log_loss": wide, "calibration_curve": []}),
        }
    )
    canary = sample.canary()
    arm = canary.looks[0].canary.model_copy(update={"requests": 0, "mean": None, "latency_ms": {}})
    look = canary.looks[0].model_copy(update={"canary": arm, "difference": None, "slow_rise": wide})
    record = sample.record(evaluation=evidence, canary=canary.model_copy(update={"looks": [look]}))
    page = render(record, sample.card(), None)
    assert "It could not be scored: its process ended with 1" in page
    assert "[−∞, ∞]" in page  # noqa: RUF001 - the true minus sign


def test_a_canary_without_looks_has_no_timeline() -> None:
    """A canary that ended at once says so."""
    empty = sample.canary("inconclusive").model_copy(update={"looks": []})
    page = render(sample.record(decision="inconclusive", canary=empty), sample.card(), None)
    assert "No timeline: the canary of version 8 ended (inconclusive)" in page


def test_recalibration_is_told_before_and_after(pages: dict[str, str]) -> None:
    """Slope, intercept, what of them is kept, and the ratio without and with them; none of the champion."""
    text = Reading(pages["promote"]).text
    told = text[text.index("Recalibrated") : text.index("Compared, unit by unit")]
    found = sample.evidence()

    assert "0.9712" in told
    assert f"{MINUS}0.0831" in told
    assert "94 %" in told
    for model in (found.baseline, found.candidate):
        assert interval(model.before["calibration"]) in told
        assert interval(model.metrics["calibration"]) in told
    assert "champion" not in told


def test_what_was_not_shown_is_told_as_that() -> None:
    """With its reason, in place of a slope."""
    found = sample.evidence()
    plain = Recalibration(
        slope=1.0, intercepts=[0.0], kept=0.0, rows=900, units=12, problem="12 units, fewer than 30"
    )
    candidate = found.candidate.model_copy(update={"recalibration": plain, "before": {}})
    record = sample.record(evaluation=found.model_copy(update={"candidate": candidate}))
    text = Reading(render(record, sample.card(), None)).text

    assert "not shown 12 units, fewer than 30" in " ".join(text.split())


def test_a_refused_first_version_has_its_ways_out() -> None:
    """Beside the checks; a version that another one stays in place of has none."""
    off = bad.measured_as(calibration=bad.between(1.15, 1.25))
    texts = []
    for found in (off(bad.evidence(champion=False)), off(bad.evidence())):
        checks = bad.judged(found, sample.card()).checks
        record = sample.record(decision="refused", checks=checks, evaluation=found, canary=None)
        texts.append(" ".join(Reading(render(record, sample.card(), None)).text.split()))
        assert ("Usually helps" in markdown(record)) is ("Ways out" in texts[-1])

    assert "gate.calibration [0.9, 1.26] what is predicted may be 0.9 to 1.26 times what comes" in texts[0]
    assert "What usually helps: recalibration on newer rows" in texts[0]
    assert "Ways out" not in texts[1]
