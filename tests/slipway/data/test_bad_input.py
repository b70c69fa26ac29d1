"""Bad input is one line that a person can act on, and what was there before stays."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.check import RESULT, check_rows, read_summary, require
from slipway.data.parquet import ROWS
from slipway.data.split import split_rows
from slipway.system import load_system
from tests.slipway.data.bad import CSV, NO_SPLIT, PARQUET, SOUND, TITLE, Bad, column, content, table, text
from tests.slipway.data.small import COLUMNS, Table, ingest, of_table
from tests.slipway.root import ROOT

CASES = [
    pytest.param(replace(bad, kind=kind), marks=marks or (), id=f"{kind}: {name}")
    for kind, cases in (("csv", CSV), ("parquet", PARQUET))
    for name, (bad, marks) in cases.items()
]


def stages(found: Table, out: Path) -> None:
    """Ingest, check and split, as DVC's stages call them."""
    ingest(found, out / "raw")
    check_rows(found.card.name, found.card.task, [], [out / "raw" / ROWS], out / "checks")
    require(read_summary(out / "checks" / RESULT))
    split_rows(found.card, load_system(found.card.name, ROOT), "full", out / "raw", out / "split")


def held(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What sound rows left."""
    out = tmp_path_factory.mktemp("before")
    (out / "rows.csv").write_bytes(text(TITLE, *SOUND))
    stages(of_table(out / "rows.csv"), out)
    return out


def refused(found: Table, out: Path, code: int) -> str:
    """The line that stops the stages, with `raw` as it was unless the rows were good enough to ingest."""
    kept = {name: held(out / name) for name in (("split",) if code == 3 else ("split", "raw", "checks"))}
    with pytest.raises(SlipwayError) as caught:
        stages(found, out)
    assert {name: held(out / name) for name in kept} == kept
    assert not [one for one in out.iterdir() if one.name.startswith(".")]
    said = str(caught.value)
    assert caught.value.exit_code == code, said
    assert said.isprintable(), said
    assert len(said.replace(str(out), "")) < 400, said
    return said


@pytest.mark.parametrize("bad", CASES)
def test_bad_input_stops(bad: Bad, before: Path, tmp_path: Path) -> None:
    """Each fault with its file or column, what was found and what was expected."""
    source = tmp_path / f"rows.{bad.kind}"
    bad.write(source)

    said = refused(of_table(source, format=bad.kind), before, bad.code)

    assert not [word for word in bad.words if word not in said], said


@pytest.mark.gate(
    "check.key",
    fed="an option that a request has twice",
    stops="check",
    exit=3,
    reason="request, option: compound columns to be unique",
    untouched=NO_SPLIT,
)
def test_a_key_that_stands_twice(before: Path) -> None:
    """A row is one option of one request."""
    columns = dict(COLUMNS) | {
        "request": {"type": "integer", "role": "request"},
        "option": {"type": "integer", "role": "option"},
    }
    path = before / "keys.parquet"
    pq.write_table(table(request=[*range(119), 0], option=[1] * 120), path)
    found = of_table(path, columns, format="parquet")

    assert "request, option: compound columns to be unique: 2 of 120" in refused(found, before, 3)


@pytest.mark.parametrize(
    "found",
    [
        text(TITLE, *SOUND, end="\r\n"),
        b"\xef\xbb\xbf" + text(TITLE, *SOUND),
        b"\xef\xbb\xbf" + text(TITLE, *SOUND, end="\r\n"),
        text(TITLE, *SOUND).rstrip(),
        text(TITLE, *SOUND[:60]) + text(*SOUND[60:], end="\r\n"),
        text(TITLE, *SOUND[:9], end="\r") + text(*SOUND[9:]),
        text(TITLE, *SOUND).decode().encode("utf-16"),
        text(TITLE, *SOUND).decode().encode("utf-32"),
        text(TITLE, *SOUND[:9], "", *SOUND[9:]),
        text(f"{TITLE},", *(f"{line},9" for line in SOUND)),
    ],
    ids=[
        "Windows line ends",
        "BOM",
        "both",
        "no last line end",
        "Windows ends below",
        "old ends above",
        "UTF-16",
        "UTF-32",
        "a blank line",
        "a column without a name",
    ],
)
def test_what_looks_odd_and_is_sound(found: bytes, before: Path, tmp_path: Path) -> None:
    """The same rows as those of the plain file, to the byte."""
    (tmp_path / "rows.csv").write_bytes(found)
    (tmp_path / "plain.csv").write_bytes(text(TITLE, *SOUND))
    for name in ("rows", "plain"):
        ingest(of_table(tmp_path / f"{name}.csv"), tmp_path / name)

    assert held(tmp_path / "rows") == held(tmp_path / "plain")


def test_nan_is_a_missing_number(tmp_path: Path) -> None:
    """Up to the share that the card allows."""
    column(2, "NaN")(tmp_path / "rows.csv")
    ingest(of_table(tmp_path / "rows.csv"), tmp_path / "raw")

    assert pq.read_table(tmp_path / "raw" / ROWS)["score"].null_count == 120


@pytest.mark.parametrize("zone", ["%z", None])
def test_a_time_of_any_zone_is_kept_in_utc(tmp_path: Path, zone: str | None) -> None:
    """Whether the card has a format for it or not."""
    rows = [f"2026-01-01 09:{one:02d}:00+0200,a,1,{one % 2}" for one in range(4)]
    content(text(TITLE, *rows))(tmp_path / "rows.csv")
    found = of_table(tmp_path / "rows.csv", time_format=zone and f"%Y-%m-%d %H:%M:%S{zone}")
    ingest(found, tmp_path / "raw")

    assert str(pq.read_table(tmp_path / "raw" / ROWS)["time"][0]) == "2026-01-01 07:00:00"
