"""`production` moves in three ways only, in one order, and a killed move is finished or dropped."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from slipway.errors import Refused, SlipwayError
from slipway.project import Project
from slipway.records import DecisionRecord
from slipway.registry import ModelVersion, Registry
from slipway.rollout.promotion import Intent, Promoter, permitted
from tests.report import sample
from tests.tiny import tiny_version

ROOT = Path(__file__).parents[2]


class OneServer:
    """Traffic kept in a variable: what a target must do and no more; it can lose a shift."""

    name = "memory"

    def __init__(self, version: int | None = None, deaf: bool = False) -> None:
        self.version, self.before, self.deaf = version, version, deaf

    def shift(self, version: int, bento: str) -> None:
        """Send all traffic to one version."""
        self.before, self.version = self.version, self.version if self.deaf else version

    def restore(self) -> None:
        """Undo the last shift."""
        self.version = self.before

    def answering(self) -> int | None:
        """The version that answers."""
        return self.version


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A real registry with three versions, and the second's twin as the fourth."""
    root = tmp_path_factory.mktemp("a project")
    (root / "project.yaml").write_text((ROOT / "project.yaml").read_text())
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    found = Registry(Project(root), "ad_click", "small")
    kinds = {"one": ("logistic", 0.0), "two": ("boosting", 0.0), "three": ("logistic", 0.1)}
    for name, (kind, skew) in kinds.items():
        tiny_version(ROOT, root / name, kind, skew)
    for name in (*kinds, "two"):
        found.register(found.start_run("training", "test", "f"), root / name)
    return found


@pytest.fixture
def clean(registry: Registry) -> Registry:
    """The registry with no alias set and nothing barred."""
    for number in range(1, 5):
        for alias in registry.get(number).aliases:
            registry.client.delete_registered_model_alias(registry.name, alias)
        registry.clear(number)
    return registry


def record(registry: Registry, decision: str, version: int, replaced: int | None) -> DecisionRecord:
    """A decision about a version, in a run of its own."""
    won = sample.canary() if decision == "promote" else None
    won = won and won.model_copy(update={"canary": version, "stable": replaced})
    return sample.record(
        decision=decision,
        version=version,
        replaced=replaced,
        version_digest=registry.get(version).digest,
        canary=won,
        run=registry.start_run("rollout", "test", "f"),
    )


def promoter(registry: Registry, target: OneServer) -> Promoter:
    """A promoter of the small line."""
    project = Project(registry.folder.parent.parent)

    def keep(record: DecisionRecord) -> None:
        registry.keep(record, registry.folder)

    return Promoter(project, "ad_click", "small", registry, target, keep)


def kept(registry: Registry, made: DecisionRecord) -> DecisionRecord:
    """The record that a run holds."""
    path = registry.artifact(made.run or "", f"records/{made.id}.json")
    return DecisionRecord.model_validate_json(path.read_text())


def production(registry: Registry) -> tuple[int | None, int | None]:
    """The versions in production and before it."""
    return registry.resolve("production"), registry.resolve("previous")


def test_first_then_promote_then_rollback(clean: Registry) -> None:
    """The whole life of an alias; the record of each move is kept with its run."""
    target = OneServer()
    move = promoter(clean, target).move
    move(record(clean, "first", 1, None))
    assert (1, None) == production(clean)
    move(record(clean, "promote", 2, 1))
    assert (2, 1) == production(clean)
    back = record(clean, "rollback", 1, 2)
    move(back)

    assert (1, None) == production(clean)
    assert target.version == 1
    assert clean.get(2).barred == back.reason
    assert "rollback" == kept(clean, back).decision


def test_nothing_is_promoted_over_a_production_that_moved(clean: Registry) -> None:
    """The evidence was gathered against another champion."""
    promoter(clean, OneServer()).move(record(clean, "first", 3, None))
    target = OneServer(3)

    with pytest.raises(Refused, match=r"production\.unmoved"):
        promoter(clean, target).move(record(clean, "promote", 2, 1))
    assert (3, None) == production(clean)
    assert target.version == 3


def test_a_barred_version_gets_no_traffic(clean: Registry) -> None:
    """Until somebody clears it."""
    clean.bar(2, "sold ads to cats")
    target = OneServer()

    with pytest.raises(Refused, match="sold ads to cats"):
        promoter(clean, target).move(record(clean, "first", 2, None))
    assert (None, None) == production(clean)
    assert target.version is None


def test_a_twin_of_a_barred_version_is_barred(clean: Registry) -> None:
    """The same bits under another number are the same bits."""
    clean.bar(2, "sold ads to cats")

    with pytest.raises(Refused, match="sold ads to cats"):
        promoter(clean, OneServer()).move(record(clean, "first", 4, None))
    assert (None, None) == production(clean)


def test_nothing_is_first_where_traffic_flows(clean: Registry) -> None:
    """A registry that was lost does not make live traffic nobody's."""
    with pytest.raises(Refused, match=r"first\.nothing_live"):
        promoter(clean, OneServer(3)).move(record(clean, "first", 1, None))
    assert (None, None) == production(clean)


@pytest.mark.parametrize("line", range(5))
def test_a_rollback_killed_at_any_line_is_finished(
    clean: Registry, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done of it is done again, and the rest too."""
    target = OneServer()
    promoter(clean, target).move(record(clean, "first", 1, None))
    promoter(clean, target).move(record(clean, "promote", 2, 1))
    moving, done = promoter(clean, target), []

    def killed(step: str) -> None:
        done.append(step)
        if len(done) > line:
            raise KeyboardInterrupt

    for owner, name in ((clean, "bar"), (clean, "point"), (moving, "keep")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, real=real, name=name: (killed(name), real(*a)))
    with pytest.raises(KeyboardInterrupt):
        moving.move(record(clean, "rollback", 1, 2))
    monkeypatch.undo()

    assert "was finished" in (promoter(clean, target).recover() or "")
    assert (1, None) == production(clean)
    assert clean.get(2).barred


def test_traffic_that_does_not_follow_is_sent_back(clean: Registry) -> None:
    """Aliases follow the traffic, never the intention."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    target = OneServer(1, deaf=True)
    moving = promoter(clean, target)

    with pytest.raises(SlipwayError, match="version 1 answers, not 2"):
        moving.move(record(clean, "promote", 2, 1))
    assert (1, None) == production(clean)
    assert not moving.intent.exists()


def test_a_move_killed_after_the_shift_is_finished(clean: Registry) -> None:
    """Traffic is the fact: the aliases and the record follow on the next start."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    moving = promoter(clean, OneServer(2))
    half = record(clean, "promote", 2, 1)
    moving.intent.write_text(Intent(record=half).model_dump_json())

    assert "was finished" in (moving.recover() or "")
    assert (2, 1) == production(clean)
    assert "promote" == kept(clean, half).decision
    assert moving.recover() is None


def test_a_move_killed_before_the_shift_is_dropped(clean: Registry) -> None:
    """Nothing had happened, and nothing does."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    moving = promoter(clean, OneServer(1))
    moving.intent.write_text(Intent(record=record(clean, "promote", 2, 1)).model_dump_json())

    assert "was dropped" in (moving.recover() or "")
    assert (1, None) == production(clean)


def test_two_promoters_do_not_meet(clean: Registry) -> None:
    """The second is refused while the first holds the lock."""
    moving = promoter(clean, OneServer())
    moving.lock.parent.mkdir(parents=True, exist_ok=True)

    with FileLock(moving.lock), pytest.raises(Refused, match="another process"):
        moving.move(record(clean, "first", 1, None))
    assert (None, None) == production(clean)


def version(**changes: object) -> ModelVersion:
    """The version that `sample.record` promotes."""
    known = {"number": 8, "digest": sample.digest("version"), "run": "r", "barred": None, "aliases": ()}
    return ModelVersion(**(known | changes))  # type: ignore[arg-type] - values of five types


@pytest.mark.parametrize(
    ("code", "changes", "found", "live"),
    [
        ("version.digest", {}, version(digest="another"), 7),
        ("promote.earned", {"canary": None}, version(), 7),
        ("promote.earned", {"canary": sample.aborted().canary}, version(), 7),
        ("promote.earned", {"version": 9}, version(number=9), 7),
        ("first.nothing_live", {"decision": "first", "replaced": 7}, version(), 7),
        ("checks.passed", {"checks": sample.gate_checks(better=False)}, version(), 7),
        ("rollback.previous", {"decision": "rollback"}, version(), 7),
        ("rollback.reason", {"decision": "rollback", "reason": " "}, version(aliases=("previous",)), 7),
        ("decision.moves", {"decision": "registered"}, version(), 7),
    ],
)
def test_no_other_way_is_permitted(
    code: str, changes: dict[str, object], found: ModelVersion, live: int | None
) -> None:
    """Each rule forbids alone."""
    checks = permitted(sample.record(**changes), found, live, live)

    assert [code] == [check.code for check in checks if not check.passed]
