"""The pipeline's own check of the data, and what becomes of its Data Docs."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import Refused
from slipway.data.split import split_rows
from slipway.data.versions import hash_of
from slipway.registry.versions import Registry
from slipway.settings import load_card
from slipway.stages.check import check
from slipway.stages.record import DOCS_FILE, REPORT_FILE, RESULT_FILE, Checked
from slipway.stages.refuse import refuse
from slipway.stages.register import register
from slipway.stages.run import RunRef
from slipway.system import load_system
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import RUN, Desk


@pytest.fixture
def rows(desk: Desk, tmp_path: Path) -> Path:
    """A folder of raw rows, for a project whose expectations are those of ad_click."""
    for file in (ROOT / "systems" / "ad_click").glob("*.py"):
        shutil.copy(file, desk.root / "systems" / "ad_click")
    raw = tmp_path / "raw"
    raw.mkdir()
    load_system("ad_click", ROOT).generate(2000, 17, raw)
    return raw


def split_of(raw: Path, out: Path) -> Path:
    """The four parts of the rows, with a manifest that fits them."""
    split_rows(load_card(ROOT, "ad_click"), load_system("ad_click", ROOT), "small", raw, out)
    return out


def naming(data: Path) -> RunRef:
    """A run that names this data."""
    return RUN.model_copy(update={"fingerprint": hash_of(data)})


def kept(registry: Registry, name: str) -> list[str]:
    """The artifact of that name of every decision, oldest first."""
    return [registry.artifact(one.run or "", name).read_text() for one in registry.records()]


def test_sound_rows_go_on(desk: Desk, rows: Path, tmp_path: Path) -> None:
    """Both files are written, and nothing is decided."""
    checked = Checked(tmp_path / "out.json", tmp_path / "out.html")
    data = split_of(rows, tmp_path / "split")
    check(naming(data), data=data, summary=checked.summary, docs=checked.docs)

    assert checked.summarised().failed_critical == []
    assert "<html" in checked.docs.read_text()
    assert desk.registry.records() == []


def test_the_docs_of_broken_rows_are_kept_and_shown(
    desk: Desk, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Negative prices are refused; what was found lies with the record, and a line says where."""
    table = pq.read_table(rows / "rows.parquet")
    place = table.column_names.index("price")
    broken = table.set_column(place, "price", pa.array([-1.0] * table.num_rows))
    pq.write_table(broken, rows / "rows.parquet")

    data = split_of(rows, tmp_path / "split")
    with pytest.raises(Refused, match="price"):
        check(naming(data), data=data, summary=tmp_path / "out.json", docs=tmp_path / "out.html")

    [record] = desk.registry.records()
    assert record.data_checks is not None
    assert any("price" in one for one in record.data_checks.failed_critical)
    assert kept(desk.registry, DOCS_FILE) == [(tmp_path / "out.html").read_text()]
    assert kept(desk.registry, RESULT_FILE) == [(tmp_path / "out.json").read_text()]
    shown = desk.registry.artifact(record.run or "", DOCS_FILE).as_uri()
    assert f"» Data Docs: {shown}" in capsys.readouterr().out


def test_parts_that_do_not_fit_are_refused_without_docs(desk: Desk, rows: Path, tmp_path: Path) -> None:
    """No row was held against the suite yet, so there is nothing to keep but the record."""
    data = split_of(rows, tmp_path / "split")
    (data / "train.parquet").write_bytes((data / "holdout.parquet").read_bytes())

    with pytest.raises(Refused, match="the parts of the data fail"):
        check(naming(data), data=data, summary=tmp_path / "out.json", docs=tmp_path / "out.html")

    [record] = desk.registry.records()
    assert record.data_checks is None
    kept = [one.path for one in desk.registry.client.list_artifacts(record.run)]
    assert kept == ["records", REPORT_FILE, "seals"]


@pytest.mark.parametrize("how", ["registered", "refused by the gate", "refused at registration"])
def test_docs_lie_beside_the_report_of_every_candidate(desk: Desk, how: str) -> None:
    """Which links to them; the result is the one that `check` wrote, byte for byte."""
    if how == "registered":
        register(RUN, **desk.files)
    else:
        found = desk.write_evidence()
        desk.write_evidence(candidate=found.candidate.model_copy(update={"finite": False}))
        if how == "refused by the gate":
            refuse(RUN, **desk.files)
        else:
            with pytest.raises(Refused, match="not registered"):
                register(RUN, **desk.files)

    [record] = desk.registry.records()
    assert record.data_checks is not None
    assert kept(desk.registry, DOCS_FILE) == [desk.docs.read_text()]
    assert kept(desk.registry, RESULT_FILE) == [desk.summary.read_text()]
    assert f'href="{DOCS_FILE}"' in kept(desk.registry, REPORT_FILE)[0]
