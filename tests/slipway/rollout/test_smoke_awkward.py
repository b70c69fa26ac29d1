"""A server of a system that `new-system` wrote for an awkward table passes its smoke test, at each size."""

import csv
import io
import random
from pathlib import Path

import pytest

from slipway.base.digest import sha256
from slipway.release import servers
from slipway.release.bento import build_bento
from slipway.rollout.smoke import smoke_checks
from slipway.settings import Size
from slipway.starter.choices import Choices
from slipway.version.manifest import MANIFEST, Registered
from tests.slipway.serving.tabled import tabled
from tests.slipway.vouched import proven

NAMES = ["日付", "Größe (€)", "1st class?", "class", "名前", "Ünïcode  plan", "a-b", "🙂", "select", "解約"]
"""Of other scripts, words of Python and SQL, signs alone, and two that are `column` without them."""
PLANS = ["базовый", "プロ", 'a "quoted", one', "0"]


def lines(rows: int = 3000) -> list[str]:
    """Every input lacks values, and two have none in the newest rows, of which the small size consists."""
    drawn = random.Random(7)  # noqa: S311 - a table, not a secret
    written = [NAMES]
    for row in range(rows):
        plan, count, is_new = drawn.choice(PLANS), drawn.randrange(40), row >= rows // 5
        left = drawn.random() < 0.2 + 0.4 * (plan == "プロ") + 0.005 * count
        cells: list[object] = [
            round(drawn.gammavariate(2, 20), 2),
            count,
            drawn.choice("xyz"),
            "" if is_new else drawn.choice("pq"),
            plan,
            "" if is_new else round(drawn.random(), 3),
            drawn.randrange(10**12),
            round(1e9 * drawn.random(), 1),
        ]
        lacking = ["" if drawn.random() < 0.05 else str(cell) for cell in cells]
        month = row * 24 // rows
        day = f"{2023 + month // 12}-{1 + month % 12:02d}-{1 + row % 28:02d} {row % 24:02d}:00:00"
        written.append([day, *lacking, "はい" if left else "いいえ"])
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(written)
    return file.getvalue().splitlines()


@pytest.mark.long
@pytest.mark.parametrize("size", ["full", pytest.param("small", marks=pytest.mark.deep)])
def test_an_awkward_table_passes_its_smoke_test(tmp_path: Path, size: Size) -> None:
    """All that may lack may lack, and the scores of training are those of the server."""
    made = tabled(tmp_path / "a project", lines(), Choices("解約", time="日付"), size=size)
    assert all(column.null_share for column in made.card.data.columns.values() if not column.role)
    digest = sha256(made.folder / MANIFEST)
    tag = build_bento(made.project, proven(made.folder), Registered(name="made", number=7, digest=digest))
    server = servers.start(made.project, tag, 7, digest=digest)
    try:
        found = smoke_checks(made.card, server.url, made.folder, 7)
    finally:
        servers.stop(made.project, server)

    # How long an answer takes is the machine's.
    assert [str(check) for check in found if not check.passed and check.code != "smoke.latency"] == []
    assert len(found) == 9
