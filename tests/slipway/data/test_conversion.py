"""What a card says of values: labels in words, marks, spaces, times, and columns that are made."""

from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.check import check_rows
from slipway.settings import Size
from tests.slipway.data.small import Table, ingest, of_table

WORDS = {"type": "integer", "role": "label", "positive": "yes"}
TIME = {"type": "timestamp", "role": "time"}
SHUFFLED = {"type": "timestamp", "role": "time", "source": "#shuffled"}
ROW = {"type": "integer", "role": "unit", "source": "#row"}


def write(path: Path, *rows: str) -> Path:
    """A text file of these lines."""
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def card_of(path: Path, source: dict[str, Any] | None = None, **columns: dict[str, Any]) -> Table:
    """A card with these columns; by default the rows are shuffled and each is a unit."""
    return of_table(path, {"time": SHUFFLED, "row": ROW} | columns, **(source or {}))


def rows(found: Table, out: Path, size: Size = "full") -> dict[str, list[Any]]:
    """What is ingested, by column."""
    ingest(found, out, size)
    return dict(pq.read_table(out / "rows.parquet").to_pydict())


def test_a_label_in_words_is_told_by_its_positive_value(tmp_path: Path) -> None:
    """The other value is 0."""
    path = write(tmp_path / "t.csv", "row,y", "1,no", "2,yes", "3,no")
    found = rows(card_of(path, row=ROW | {"source": "row"}, y=WORDS), tmp_path / "raw")
    assert dict(zip(found["row"], found["y"], strict=True)) == {1: 0, 2: 1, 3: 0}


@pytest.mark.gate(
    "ingest.label",
    fed="a label in words that has one value, or a third one, or not the one that counts as 1",
    stops="ingest",
    exit=1,
    reason="found the values …, expected two, of which 'yes' counts as 1",
    untouched="no rows written",
)
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["yes", "yes"], "column 'y': found the values ['yes'], expected two, of which 'yes' counts as 1"),
        (["yes", "no", "No"], "found the values ['No', 'no', 'yes'], expected two"),
        (["no", "maybe"], "found the values ['maybe', 'no'], expected two, of which 'yes' counts as 1"),
        (["yes", "no", ""], "column 'y', row 3: found nothing, expected one of two values"),
    ],
)
def test_a_label_has_two_values(tmp_path: Path, labels: list[str], said: str) -> None:
    """A third one would be a 0 that nobody meant; nothing is written."""
    path = write(tmp_path / "t.csv", "x,y", *(f"a,{label}" for label in labels))
    with pytest.raises(SlipwayError) as caught:
        rows(card_of(path, y=WORDS), tmp_path / "raw")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "raw").exists()


def test_spaces_and_marks_are_taken_away_where_the_card_says_so(tmp_path: Path) -> None:
    """Around values and names; a value that is only spaces is missing."""
    path = write(tmp_path / "t.csv", " x, word ,y", "1 , a b ,0", " NA,  ,1", "?, c,0")
    columns = {
        "x": {"type": "integer", "null_share": 1},
        "word": {"type": "string", "null_share": 1},
        "y": {"type": "integer", "role": "label"},
    }
    found = rows(card_of(path, {"trim": True, "missing": ["NA", "?"]}, **columns), tmp_path / "raw")

    assert sorted(zip(found["x"], found["word"], strict=True), key=str) == [
        (1, "a b"),
        (None, "c"),
        (None, None),
    ]


def test_values_stay_as_they_are_without_a_word(tmp_path: Path) -> None:
    """Spaces may be meant."""
    path = write(tmp_path / "t.csv", "word,y", " a ,0", "?,1")
    columns = {"word": {"type": "string"}, "y": {"type": "integer", "role": "label"}}
    assert sorted(rows(card_of(path, **columns), tmp_path / "raw")["word"]) == [" a ", "?"]


@pytest.mark.parametrize(("time_format", "half"), [("epoch", "1767225600.5"), ("epoch_ms", "1767225600500")])
def test_seconds_since_1970_are_times(tmp_path: Path, time_format: str, half: str) -> None:
    """With parts of a second, or thousands of it; what no calendar holds is told."""
    columns = {"when": TIME, "y": {"type": "integer", "role": "label"}}
    path = write(tmp_path / "t.csv", "when,y", f"{half},0", "0,1")
    timed = of_table(path, {"row": ROW} | columns, time_format=time_format)
    found = rows(timed, tmp_path / "raw")
    assert found["when"] == [datetime(1970, 1, 1), datetime(2026, 1, 1, 0, 0, 0, 500_000)]

    write(path, "when,y", "1e300,0")
    with pytest.raises(SlipwayError, match="column 'when', row 1: found '1e300', expected a timestamp"):
        rows(timed, tmp_path / "raw")


def test_rows_are_numbered_and_shuffled(tmp_path: Path) -> None:
    """Numbers are those of the file; places are a permutation that is the same each time."""
    path = write(tmp_path / "t.csv", "x,y", *(f"{row},{row % 2}" for row in range(1, 1001)))
    columns = {"x": {"type": "integer"}, "y": {"type": "integer", "role": "label"}}
    one, again = (rows(card_of(path, **columns), tmp_path / out) for out in ("one", "again"))

    assert one == again
    assert one["row"] == one["x"]
    assert sorted(one["row"]) == [*range(1, 1001)]
    assert one["time"] == [datetime(2000, 1, 1) + timedelta(seconds=place) for place in range(1, 1001)]
    halves = [sum(one["x"][:500]) / 500, sum(one["x"][500:]) / 500]
    assert halves == pytest.approx([500, 500], abs=40)
    assert one["x"][:3] != [1, 2, 3]


def test_the_shuffle_is_the_same_everywhere(tmp_path: Path) -> None:
    """On every machine and with every DuckDB: a split that is fingerprinted must not depend on them."""
    path = write(tmp_path / "t.csv", "y", *(str(row % 2) for row in range(64)))
    found = rows(card_of(path, y={"type": "integer", "role": "label"}), tmp_path / "raw")
    assert found["row"] == sorted(range(1, 65), key=lambda row: md5(str(row).encode()).hexdigest())  # noqa: S324


def test_a_few_shuffled_rows_are_some_of_all(tmp_path: Path) -> None:
    """The small size has the last places of the same shuffle."""
    path = write(tmp_path / "t.csv", "y", *(str(row % 2) for row in range(100)))
    label = {"type": "integer", "role": "label"}
    found = card_of(path, {"rows": {"full": None, "small": 10}}, y=label)
    full, small = (rows(found, tmp_path / size, size) for size in ("full", "small"))
    assert small["row"] == full["row"][-10:]


def test_files_of_a_folder_are_numbered_through(tmp_path: Path) -> None:
    """As they are read, by name; also Parquet."""
    (tmp_path / "many").mkdir()
    for name, first in (("1", 1), ("2", 4)):
        table = pa.table({"x": [first, first + 1, first + 2], "y": [0, 1, 0]})
        pq.write_table(table, tmp_path / "many" / f"{name}.parquet")
    columns = {"x": {"type": "integer"}, "y": {"type": "integer", "role": "label"}}
    found = rows(card_of(tmp_path / "many", {"format": "parquet"}, **columns), tmp_path / "raw")
    assert found["row"] == found["x"]


def test_the_number_of_a_row_may_tell_the_label(tmp_path: Path) -> None:
    """In a file that is sorted by its label it does, but no model sees it, nor what the log adds."""
    path = write(tmp_path / "t.csv", "x,y,z", *(f"{row},{int(row >= 60)},{row}" for row in range(100)))
    columns = {
        "x": {"type": "integer", "min": 0},
        "y": {"type": "integer", "role": "label"},
        "z": {"type": "integer", "role": "logged"},
    }
    found = card_of(path, **columns)
    ingest(found, tmp_path / "raw")
    summary = check_rows("t", found.card.task, [], [tmp_path / "raw" / "rows.parquet"], tmp_path / "checks")
    assert [line.split(":")[0] for line in summary.failed_critical] == ["x"]
