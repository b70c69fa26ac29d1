"""Data Docs show what came from the data as text, to whatever a browser would make of the page."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.data.check import RESULT, check_rows
from slipway.tasks import bind
from tests.demanded import absent
from tests.slipway.data.small import card
from tests.slipway.report.reading import Reading

MARKUP = (
    "<script>evil()</script>",
    "{{7*7}}",
    '"><img src=evil onerror=evil()>',
    "'><svg onload=evil()>",
    "]]><iframe src=evil></iframe>",
    "<a href=javascript:evil()>evil</a>",
    "</td></table><style>evil{}</style>",
    "<!-- evil",
    "${evil} $PARAMETER $v__0 %(evil)s {evil}",
)
"""Twice in a row each stays among the first values that GX gives as examples."""
SOURCE = {"kind": "generator", "seed": 0, "rows": {"small": 4}}
COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "time": {"type": "timestamp", "role": "time"},
    "user": {"type": "string", "role": "unit", "values": ["nobody"]},
    "request": {"type": "string", "role": "request"},
    "ad": {"type": "string", "role": "option"},
    "score": {"type": "number", "min": 0},
    "clicked": {"type": "integer", "role": "label"},
}


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of rows with markup wherever GX may quote a value, an observed one or an exception's."""
    out = tmp_path_factory.mktemp("docs")
    words = [one for one in MARKUP for _ in range(2)]
    time = [datetime(2026, 1, 1) + timedelta(minutes=one) for one in range(len(words))]
    columns: dict[str, Any] = dict.fromkeys(("user", "request", "ad", "score", "clicked"), words)
    pq.write_table(pa.table({"time": pa.array(time, pa.timestamp("us"))} | columns), out / "rows.parquet")
    check_rows("ad_click", card(SOURCE, COLUMNS).task, [], [out / "rows.parquet"], out / "checks")
    return out / "checks"


def scripts_of(page: str) -> str:
    """What a browser would run."""
    return " ".join(re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.DOTALL | re.IGNORECASE))


def tags(page: Reading) -> set[str]:
    """The elements of a page and every address or handler that the word is part of."""
    made = [name for name, value in page.attributes if "evil" in name + value]
    return {*page.tags, *made}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of rows with the same faults and no markup."""
    out = tmp_path_factory.mktemp("plain")
    words = [f"word {one}" for one in range(len(MARKUP)) for _ in range(2)]
    time = [datetime(2026, 1, 1) + timedelta(minutes=one) for one in range(len(words))]
    columns: dict[str, Any] = dict.fromkeys(("user", "request", "ad", "score", "clicked"), words)
    pq.write_table(pa.table({"time": pa.array(time, pa.timestamp("us"))} | columns), out / "rows.parquet")
    check_rows("ad_click", card(SOURCE, COLUMNS).task, [], [out / "rows.parquet"], out / "checks")
    return out / "checks"


def pages(folder: Path) -> dict[str, Reading]:
    """Every page, by its name; validations lie in a folder named after the time."""
    return {file.name: Reading(file.read_text(encoding="utf-8")) for file in folder.rglob("*.html")}


def test_markup_makes_no_element(checks: Path, plain: Path) -> None:
    """Pages about markup have the elements of pages about words, and no more of each."""
    found, expected = pages(checks), pages(plain)

    assert set(found) == set(expected)
    for name, page in found.items():
        assert tags(page) == tags(expected[name]), name
        assert sorted(page.tags) == sorted(expected[name].tags), name


def test_markup_is_shown(checks: Path) -> None:
    """As it was written, on the page of GX's site and on the one that is kept with a run."""
    validation = next((checks / "docs").glob("validations/**/*.html"))
    for file in (validation, checks / "docs.html"):
        text = Reading(file.read_text(encoding="utf-8")).text
        assert [one for one in MARKUP if one not in text] == [], file


def test_the_kept_page_forbids_what_it_does_not_need(checks: Path) -> None:
    """Whoever finds a way past the escaping runs no script and loads nothing."""
    page = Reading((checks / "docs.html").read_text(encoding="utf-8"))

    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert not {"script", "link", "img", "iframe", "svg"} & set(page.tags)


def test_the_result_is_json_on_one_line_each(checks: Path) -> None:
    """What records and terminals show has nothing that cannot be printed."""
    summary = json.loads((checks / RESULT).read_text(encoding="utf-8"))["summary"]

    assert [one for one in summary["failed_critical"] if "evil" in one]
    assert all(one.isprintable() for one in summary["failed_critical"])


def test_an_error_that_quotes_a_value_is_text(tmp_path: Path) -> None:
    """DuckDB says what it cannot convert, and GX shows the message and its traceback."""
    from great_expectations.expectations import UnexpectedRowsExpectation

    query = 'SELECT 1 FROM {batch} WHERE CAST("user" AS INTEGER) > 0'
    rows = pa.table({"time": pa.array([0]).cast(pa.timestamp("us")), "user": [MARKUP[0]], "clicked": [1]})
    pq.write_table(rows, tmp_path / "rows.parquet")
    columns = {name: COLUMNS[name] for name in ("time", "user", "clicked")}
    failing = UnexpectedRowsExpectation(unexpected_rows_query=query, description="must be counted")
    table = card(SOURCE, columns).data
    check_rows("ad_click", bind("binary", table), [failing], [tmp_path / "rows.parquet"], tmp_path / "checks")

    kept = Reading((tmp_path / "checks" / "docs.html").read_text(encoding="utf-8"))
    assert "script" not in kept.tags
    for file in (tmp_path / "checks").rglob("*.html"):
        assert "evil" not in scripts_of(file.read_text(encoding="utf-8")), file
    assert f"Could not convert string '{MARKUP[0]}' to INT32" in kept.text


def test_a_browser_agrees(checks: Path, tmp_path: Path) -> None:
    """A real parser, with scripts on: no element came from the data, and none ran."""
    if shutil.which("chromium") is None:
        absent("no Chromium on this machine")
    done = subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=1000",
            f"--user-data-dir={tmp_path}",
            "--dump-dom",
            (checks / "docs.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    page = Reading(done.stdout)

    assert not {"script", "img", "iframe", "svg"} & set(page.tags)
    assert tags(page) & {"onerror", "onload", "src", "href"} <= {"href"}
    assert not [value for _, value in page.attributes if "evil" in value]
    assert MARKUP[0] in page.text
