"""A lease by counting: one holder, who is found dead by no clock but one's own, and learns that it was."""

from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.records.seal import Link
from slipway.registry import turns
from slipway.registry.turns import STORE
from slipway.registry.turns.database import Database
from slipway.registry.turns.shared import Held, SharedTurns
from slipway.registry.turns.turn import Left, Outlived
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.team.values import Values

NAME = "p.ad_click"


def quick(store: turns.Store, lapse_s: float = 30.0) -> SharedTurns:
    """Turns whose holder counts often."""
    return SharedTurns(store, NAME, beat_s=0.01, lapse_s=lapse_s)


def dead(store: turns.Store, **left: str) -> None:
    """Somebody took the turn, and was killed."""
    value = Held(holder="somebody", beat=7, **left).model_dump_json()
    assert store.swap(NAME, None, value) is not None


@pytest.mark.gate(
    "lease.alone",
    fed="a move of production on a shared registry while another machine moves it",
    stops="promote",
    exit=3,
    reason="who, where and in which process moves production",
    untouched="nothing begun, nothing counted, no alias moved",
)
def test_one_has_the_turn() -> None:
    """The other is refused as soon as the first has counted, and may have it afterwards."""
    store = Values()
    with quick(store).taken() as turn:
        turn.begin("a move")
        said = r"here/p.ad_click: .* \(process \d+, \w+\) is moving production"
        with pytest.raises(Refused, match=said), quick(store).taken():
            pass
        assert quick(store).look() == Left(begun="a move")
        turn.end("a move")
    with quick(store).taken() as turn:
        assert turn.left == Left(settled="a move")


def test_who_stopped_counting_is_gone() -> None:
    """What it had begun is found, and remembered, for it may still write elsewhere."""
    store = Values()
    dead(store, begun="half a move", settled="an older one")
    with quick(store, lapse_s=0.05).taken() as turn:
        assert turn.left == Left("half a move", "an older one", "half a move")
        turn.end("half a move")
    with quick(store).taken() as turn:
        assert turn.left == Left(None, "half a move", "half a move")
        turn.end(None, answered=True)
    assert quick(store).look() == Left(settled="half a move")


def test_the_seal_of_what_was_settled_is_known() -> None:
    """Until something else is settled: whoever drops what was begun, or settles the same again, leaves it."""
    store, sealed = Values(), Link(id="001-r", sha256="ab")
    with quick(store).taken() as turn:
        turn.end("a move", sealed=sealed)
    assert quick(store).look() == Left(settled="a move", sealed=sealed)
    with quick(store).taken() as turn:
        turn.begin("another")
        turn.end(None)
        turn.end("a move")
        assert turn.left.sealed == sealed
        turn.end("another")
    assert quick(store).look() == Left(settled="another")


@pytest.mark.gate(
    "lease.outlived",
    fed="a process that was stopped while it moved production, and whose turn another one took",
    stops="promote",
    exit=3,
    reason="not heard of for so long, and another process has the turn",
    untouched="what the other one has begun",
)
def test_who_was_stopped_learns_of_it() -> None:
    """At whatever it writes next, and the turn of the other one stays as it is."""
    store = Values()
    slow = SharedTurns(store, NAME, beat_s=1000, lapse_s=0.02)
    with slow.taken() as mine:
        mine.begin("mine")
        with SharedTurns(store, NAME, beat_s=1000, lapse_s=0.02).taken() as other:
            other.begin("another one's")
            for late in (mine.require, lambda: mine.begin("late"), lambda: mine.end("late")):
                with pytest.raises(Outlived, match=r"not heard of for 0\.02 s, and another one has the turn"):
                    late()
            assert slow.look() == Left("another one's", None, "mine")


def test_an_answer_that_got_lost_is_no_loss() -> None:
    """The write was taken, and it is ours: no two are the same."""

    class Mute(Values):
        def swap(self, name: str, mark: str | None, value: str) -> str | None:
            """Take it and do not say so."""
            super().swap(name, mark, value)
            return None

    store = Mute()
    with SharedTurns(store, NAME, beat_s=1000).taken() as turn:
        turn.begin("a move")
        turn.require()
    assert quick(store).look() == Left(begun="a move")


@pytest.mark.gate(
    "lease.conditions",
    fed="a store that writes whatever the condition of a write says",
    stops="promote",
    exit=3,
    reason="written over though it was there, expected a store that heeds conditions",
    untouched="nothing begun, no alias moved",
)
def test_a_store_that_heeds_no_condition_is_no_lease() -> None:
    """It would let both in, and says nothing."""
    with pytest.raises(Refused, match="written over though it was there"), quick(Values(deaf=True)).taken():
        pass


def test_a_row_of_a_table_is_swapped_once(tmp_path: Path) -> None:
    """By whoever has seen it last; the table is made by whoever comes first."""
    one, other = (Database(f"sqlite:///{tmp_path / 'leases.db'}") for _ in range(2))
    assert one.read(NAME) is None
    assert [one.swap(NAME, None, "a"), other.swap(NAME, None, "b")] == ["1", None]
    assert [other.swap(NAME, "1", "c"), one.swap(NAME, "1", "d")] == ["2", None]
    assert one.read(NAME) == ("2", "c")
    assert other.swap("another line", None, "e") == "1"


def test_a_store_that_is_away_is_one_line(tmp_path: Path) -> None:
    """And does not tell the password."""
    away = Database("postgresql://ann:s3cret@127.0.0.1:9/x")  # pragma: allowlist secret
    with pytest.raises(
        SlipwayError, match=r"^postgresql://\*\*\*@127.0.0.1:9/x: no lease to be had: "
    ) as told:
        away.read(NAME)
    assert "\n" not in str(told.value)
    assert "s3cret" not in str(told.value)


@pytest.fixture
def bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A line of a project that binds a target to a shared registry."""
    (tmp_path / "project.yaml").write_text(
        "{schema_version: 1, name: p, description: d, image_repository: r, systems: [ad_click],"
        " default_system: null, targets: {local: embedded, team: 'https://team'}}"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ann@team/")
    monkeypatch.delenv(STORE, raising=False)
    return Line(Project(tmp_path), "ad_click", "full")


@pytest.mark.gate(
    "lease.store",
    fed="a promotion on a shared registry without a store of leases",
    stops="promote",
    exit=3,
    reason="SLIPWAY_LEASE_STORE is not set, and what it may be set to",
    untouched="no alias moved, no traffic shifted",
)
def test_without_a_store_nothing_is_promoted(bound: Line) -> None:
    """It is said at the beginning, and whoever looks only sees nothing begun."""
    assert bound.project.target == "team"
    with pytest.raises(
        Refused, match=r"SLIPWAY_LEASE_STORE is not set, .* postgresql://HOST/DATABASE or s3:"
    ):
        turns.bind(bound)
    assert turns.look(bound) == Left()


@pytest.mark.gate(
    "lease.known_store",
    fed="a store of leases of a kind that is not known",
    stops="promote",
    exit=2,
    reason="expected postgresql://... or s3://BUCKET/FOLDER",
    untouched="no alias moved; the password is not repeated",
)
def test_a_store_of_another_kind(bound: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file on one machine would keep nobody else out."""
    monkeypatch.setenv(STORE, "redis://ann:s3cret@host")  # pragma: allowlist secret
    with pytest.raises(UsageError, match=r"found 'redis://\*\*\*@host', expected postgresql://"):
        turns.bind(bound)
