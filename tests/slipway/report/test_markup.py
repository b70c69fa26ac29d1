"""A version that learnt from markup: it scores, and whatever shows its data shows text."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from slipway.data.check import check_rows
from slipway.evaluation.evaluate import evaluate_models
from slipway.records.evidence import Evidence
from slipway.report import render
from slipway.settings import Card, load_card
from slipway.system import load_system
from tests.slipway.report import sample
from tests.slipway.report.reading import Reading
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions, tiny_version
from tests.slipway.vouched import contender

MARKUP = {
    "phone": "<script>evil()</script>",
    "tablet": '"><img src=evil>',
    "desktop": "</td><iframe src=evil>",
    "top": "<i onload=evil>",
}
"""Short enough to be shown whole in a figure."""


def marked(rows: pa.Table) -> pa.Table:
    """The rows with markup in both columns of text."""
    for name in ("device", "placement"):
        found: Any = rows[name].combine_chunks()
        for word, markup in MARKUP.items():
            found = pc.if_else(pc.equal(found, word), markup, found)
        rows = rows.set_column(rows.column_names.index(name), name, found)
    return rows


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What both kinds of model, trained on markup, do on a holdout of markup, each by its own code."""
    out = tmp_path_factory.mktemp("markup")
    for kind in ("logistic", "boosting"):
        tiny_version(ROOT, out / kind, kind, rows=marked(impressions()))
    later = marked(impressions(1200, seed=1))
    day = pa.scalar(86_400_000_000 * 30, pa.duration("us"))
    time = pc.add(later["time"], day)
    later = later.set_column(later.column_names.index("time"), "time", time)
    pq.write_table(later, out / "holdout.parquet")
    contenders = [contender("baseline", out / "logistic"), contender("candidate", out / "boosting")]
    return evaluate_models(card_of_few(), load_system("ad_click", ROOT), out, "f", contenders, [])


def card_of_few() -> Card:
    """The card of ad_click, by which a hundred rows are a slice."""
    card = load_card(ROOT, "ad_click")
    return card.model_copy(update={"evaluation": card.evaluation.model_copy(update={"min_slice_rows": 100})})


def test_it_learns_and_scores(measured: Evidence) -> None:
    """As from any other words: finite, and measured in each slice of markup."""
    assert measured.candidate.finite
    assert measured.baseline is not None
    assert measured.baseline.finite
    assert set(MARKUP.values()) <= {one.value for one in measured.candidate.slices}


def test_its_report_shows_text(measured: Evidence) -> None:
    """Every value as it stands in the data, and no element or address made of it."""
    record = sample.record(evaluation=measured)
    page = Reading(render(record, sample.card(), sample.split()))

    assert [markup for markup in MARKUP.values() if markup not in page.text] == []
    assert not {"script", "img", "iframe", "i"} & set(page.tags)
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    assert page.addresses == set()


def test_its_data_docs_show_text(tmp_path: Path) -> None:
    """The card lists the words that a device may be, so they are quoted as what it may not."""
    pq.write_table(marked(impressions()), tmp_path / "rows.parquet")
    card = load_card(ROOT, "ad_click")
    summary = check_rows(card.name, card.task, [], [tmp_path / "rows.parquet"], tmp_path / "checks")
    page = Reading((tmp_path / "checks" / "docs.html").read_text(encoding="utf-8"))

    assert [one for one in summary.failed_critical if MARKUP["phone"] in one]
    assert MARKUP["phone"] in page.text
    assert not {"script", "img", "iframe"} & set(page.tags)
    assert [(name, value) for name, value in page.attributes if "evil" in name + value] == []
