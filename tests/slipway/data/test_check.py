"""Great Expectations as a gate: each kind of broken column stops, a warning does not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.data.check import RESULT, check_rows, read_summary, require
from slipway.records.decision import CheckSummary
from slipway.settings import load_card
from slipway.settings.card import Card
from slipway.system import load_system
from tests.slipway.data.small import card
from tests.slipway.root import ROOT

SOURCE = {"kind": "generator", "seed": 0, "rows": {"small": 4}}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Two thousand rows of the generator."""
    out = tmp_path_factory.mktemp("market")
    load_system("ad_click", ROOT).generate(2000, 17, out)
    return pq.read_table(out / "rows.parquet")


def checked(table: pa.Table, out: Path, found: Card | None = None) -> CheckSummary:
    """What the check finds in a table, by default by the expectations of ad_click."""
    pq.write_table(table, out / "rows.parquet")
    found = found or load_card(ROOT, "ad_click")
    extra = load_system("ad_click", ROOT).expectations(found)
    return check_rows(found.name, found.task, extra, [out / "rows.parquet"], out / "checks")


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with another column of that name."""
    return table.set_column(table.column_names.index(name), name, pa.array(values))


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory, sound: pa.Table) -> tuple[CheckSummary, Path]:
    """What sound rows give: the summary, and the folder of the check."""
    out = tmp_path_factory.mktemp("passed")
    return checked(sound, out), out / "checks"


def test_sound_rows_pass(passed: tuple[CheckSummary, Path]) -> None:
    """Sound rows fail nothing critical; the result and the docs lie side by side."""
    summary, out = passed

    require(summary)
    assert summary.failed_critical == []
    assert summary.evaluated > 50
    assert summary == read_summary(out / RESULT)
    assert (out / "docs" / "index.html").is_file()


def test_one_page_needs_no_network(passed: tuple[CheckSummary, Path]) -> None:
    """The one-file page has the results and loads nothing."""
    page = (passed[1] / "docs.html").read_text(encoding="utf-8")

    assert "seen_before" in page
    assert not [word for word in ("<script", "<link", "<img", "url(") if word in page]


@pytest.mark.parametrize(
    "broken",
    [
        {
            "price": ([-1.0] * 2000, "price: values to be between"),
            "device": (["phone", "toaster"] * 1000, "such as toaster"),
            "clicked": (np.zeros(2000, np.int64), "missing [1]"),
        },
        {
            "price": ([None] * 1000 + [1.0] * 1000, "price: values to not be null"),
            "ad_id": (np.arange(2000.0), "ad_id: must be of type BIGINT: found DOUBLE"),
            "clicked": (np.arange(2000) % 3, "clicked: values to be between"),
        },
        {
            "ad_id": (np.zeros(2000, np.int64), "request_id, ad_id: compound columns to be unique"),
            "ad_clicks": (np.arange(2000) + 10_000, "ad_views, ad_clicks: "),
        },
    ],
)
def test_broken_columns_stop(tmp_path: Path, sound: pa.Table, broken: Mapping[str, tuple[Any, str]]) -> None:
    """The refusal names each column and what was found in it, and little else."""
    table = sound
    for name, (values, _) in broken.items():
        table = with_column(table, name, values)
    summary = checked(table, tmp_path)

    with pytest.raises(Refused) as caught:
        require(summary)

    assert [words for _, words in broken.values() if words not in str(caught.value)] == []
    assert len(summary.failed_critical) <= len(broken) + 1


def test_a_missing_column_stops(tmp_path: Path, sound: pa.Table) -> None:
    """An absent column is said once, not once per expectation."""
    summary = checked(sound.drop_columns(["price"]), tmp_path)

    assert summary.failed_critical == ["price: to exist: the column is missing"]


def test_no_rows_stop(tmp_path: Path, sound: pa.Table) -> None:
    """A table without rows is refused."""
    summary = checked(sound.slice(0, 0), tmp_path)

    assert "table: table row count" in " ".join(summary.failed_critical)


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_severity_decides(tmp_path: Path, severity: str) -> None:
    """The same fault stops the run or is reported, as the card says."""
    columns: Mapping[str, Mapping[str, Any]] = {
        "time": {"type": "timestamp", "role": "time"},
        "user": {"type": "integer", "role": "unit"},
        "score": {"type": "number", "max": 1, "severity": severity},
        "clicked": {"type": "integer", "role": "label"},
    }
    time = pa.array(range(4)).cast(pa.timestamp("us"))
    table = pa.table({"time": time, "user": range(4), "score": [0.0, 1, 2, 3], "clicked": [0, 1, 0, 1]})

    summary = checked(table, tmp_path, card(SOURCE, columns))

    expected = "score: values to be between"
    failed = {"critical": summary.failed_critical, "warning": summary.failed_warning}
    assert [line for line in failed[severity] if line.startswith(expected)]
    if severity == "critical":
        with pytest.raises(Refused, match="score"):
            require(summary)
    else:
        require(summary)


def test_a_column_may_be_called_by_a_word_of_sql(tmp_path: Path) -> None:
    """Also one that is reserved in DuckDB alone, which SQLAlchemy does not know."""
    words = ("asof", "at", "by", "qualify", "select")
    columns: Mapping[str, Mapping[str, Any]] = {
        "time": {"type": "timestamp", "role": "time"},
        "user": {"type": "integer", "role": "unit"},
        "clicked": {"type": "integer", "role": "label"},
        **{word: {"type": "number", "min": 0, "null_share": 0.1} for word in words},
    }
    time = pa.array(range(4)).cast(pa.timestamp("us"))
    roles = {"time": time, "user": range(4), "clicked": [0, 1, 0, 1]}
    found = roles | {word: [1.0, 2, 3, 4] for word in words}

    assert checked(pa.table(found), tmp_path, card(SOURCE, columns)).failed_critical == []


def test_a_role_is_complete_whatever_the_card_says(tmp_path: Path) -> None:
    """Rows cannot be taken together by a unit that some of them lack."""
    columns: Mapping[str, Mapping[str, Any]] = {
        "time": {"type": "timestamp", "role": "time"},
        "user": {"type": "integer", "role": "unit", "severity": "warning", "null_share": 0.5},
        "clicked": {"type": "integer", "role": "label"},
    }
    time = pa.array(range(4)).cast(pa.timestamp("us"))
    table = pa.table({"time": time, "user": [0, 1, 2, None], "clicked": [0, 1, 0, 1]})

    summary = checked(table, tmp_path, card(SOURCE, columns))

    assert [line for line in summary.failed_critical if line.startswith("user: values to not be null")]


def test_same_rows_same_bytes(tmp_path: Path, sound: pa.Table) -> None:
    """Nothing of the run is in the result, so that DVC sees no change where there is none."""
    results = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        checked(with_column(sound, "user_id", np.zeros(2000, np.int64)), tmp_path / name)
        results.append((tmp_path / name / "checks" / RESULT).read_bytes())

    assert results[0] == results[1]
    assert json.loads(results[0])["summary"]["failed_warning"]


def test_several_files_are_one_table(tmp_path: Path, sound: pa.Table) -> None:
    """A key that stands in two files is found."""
    for name in ("a", "b"):
        pq.write_table(sound, tmp_path / f"{name}.parquet")
    found = load_card(ROOT, "ad_click")

    rows = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    summary = check_rows(found.name, found.task, [], rows, tmp_path / "checks")

    assert [line for line in summary.failed_critical if "unique" in line]


def test_unreadable_rows(tmp_path: Path) -> None:
    """What is no Parquet file is an error, and no result is left."""
    (tmp_path / "rows.parquet").write_text("nothing")

    with pytest.raises(SlipwayError, match=r"rows\.parquet"):
        check_rows(
            "rows", load_card(ROOT, "ad_click").task, [], [tmp_path / "rows.parquet"], tmp_path / "checks"
        )

    assert not (tmp_path / "checks").exists()


@pytest.mark.parametrize("content", [None, "[]", "{", '{"summary": 1}', "[" * 100_000])
def test_no_result(tmp_path: Path, content: str | None) -> None:
    """Without a result there is nothing to read."""
    if content is not None:
        (tmp_path / RESULT).write_text(content)
    with pytest.raises(SlipwayError, match="slipway data check"):
        read_summary(tmp_path / RESULT)
