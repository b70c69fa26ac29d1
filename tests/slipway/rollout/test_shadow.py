"""What a shadow decides, and what it leaves as it was."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.bench_shadow import LOSS, World, first, plan
from slipway.base.errors import UsageError
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import Check
from slipway.records.evidence import MIN_EVENTS
from slipway.records.shadow import ShadowEvidence
from slipway.rollout.controller import run_canary
from slipway.rollout.events import rarer
from slipway.rollout.shadow import judge_pairs, limits, run_shadow
from slipway.rollout.target import Deployed, Target
from slipway.settings import Card, load_card
from slipway.settings.card import Decision, Shadow
from tests.slipway.rollout.live import at_once, short
from tests.slipway.rollout.pairing import AT, failing, looks
from tests.slipway.rollout.targets.memory import Cluster, memory
from tests.slipway.root import ROOT

METRIC = pytest.mark.gate(
    "shadow.metric",
    fed="a candidate that earns less than stable on the same requests, or answers just the same",
    stops="shadow",
    exit="3, 4",
    reason="shadow.metric",
    untouched="no request of the canary, no share of the units",
)


def declared(depends: bool | None = False, requests: int = 2000, **changes: object) -> Card:
    """A card that says whether outcomes depend on answers; `changes` are of its rollout."""
    card = at_once(short(load_card(ROOT, "ad_click")))
    problem = card.problem.model_copy(update={"outcome_depends_on_answer": depends})
    rollout = card.rollout.model_copy(update={"shadow": Shadow(requests=requests)} | changes)
    return card.model_copy(update={"problem": problem, "rollout": rollout})


@dataclass
class Place:
    """A place in variables, where version 1 is live, and what is told of a shadow of version 2 there."""

    cluster: Cluster
    card: Card = field(default_factory=declared)
    timer: Callable[[], float] = lambda: 0.0
    told: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def target(self) -> Target:
        """Bound to the line."""
        return memory(self.cluster, self.card)

    def shadow(self) -> ShadowEvidence:
        """Run it."""
        target = self.live()
        arena = target.arena(Path())
        with target.lease.held(), target.placement.trial(Deployed(number=2, digest="b"), "e") as trial:
            return run_shadow(
                self.card,
                target,
                arena,
                trial,
                lambda: AT,
                self.timer,
                lambda *told: self.told.append(told),
            )

    def canary(self, shadow: ShadowEvidence) -> CanaryEvidence:
        """Run what comes after it."""
        target = self.live()
        arena = target.arena(Path())
        with target.lease.held(), target.placement.trial(Deployed(number=2, digest="b"), "e") as trial:
            clocks = (lambda: AT), self.timer
            return run_canary(self.card, target, arena, trial, *clocks, lambda *_: None, shadow)

    def live(self) -> Target:
        """Version 1 has the traffic."""
        target = self.target
        if self.cluster.state is None:
            target.placement.shift(Deployed(number=1, digest="a"))
        return target


def place(stable: float = 0.3, candidate: float = 0.35, **changes: object) -> Place:
    """Versions that earn so much of every request."""
    return Place(Cluster({1: "a", 2: "b"}, {1: stable, 2: candidate}, **changes))  # type: ignore[arg-type]


def codes(found: ShadowEvidence | CanaryEvidence, answer: str) -> list[str]:
    """The codes of the checks with an answer."""
    return [check.code for check in found.verdict.checks if check.answer == answer]


def judged(held: list[Check]) -> str:
    """The outcome for a much better candidate under some limits."""
    pairs = World(4000, gain=0.8).drawn(0)
    return judge_pairs(pairs, plan(4000), LOSS, AT, True, held).verdict.outcome


def test_a_better_candidate_passes() -> None:
    """Long before its requests are used up; what it used is written down."""
    there = place()
    found = there.shadow()

    assert found.verdict.outcome == "pass"
    assert found.offered == found.looks[-1].requests == 200
    assert (found.planned, found.decides, found.metric, found.target) == (2000, True, "reward", "memory")
    assert there.told[-1][:2] == (200, 2000)
    assert "gain +0.0" in there.told[-1][2]


@METRIC
def test_a_worse_candidate_is_aborted() -> None:
    """Traffic is as it was: the canary never had a weight."""
    there = place(candidate=0.25)
    found = there.shadow()

    assert found.verdict.outcome == "abort"
    assert found.verdict.checks[0].code == "shadow.metric"
    assert there.cluster.weights == []
    assert there.cluster.state == there.live().placement.state()
    assert there.cluster.state is not None
    assert there.cluster.state.canary is None


def test_an_equal_candidate_is_not_passed() -> None:
    """All requests are used up, and what would decide is told."""
    found = place(candidate=0.3).shadow()

    assert found.verdict.outcome == "inconclusive"
    assert codes(found, "not shown") == ["shadow.metric"]
    assert found.offered == 2000


@METRIC
def test_equal_answers_are_not_passed() -> None:
    """Where nothing varies, nothing is shown."""
    pairs = World(1000).drawn(0)
    same = type(pairs)(**{**vars(pairs), "candidate": pairs.stable})

    assert looks(same)[-1].verdict.outcome == "inconclusive"


def test_progress_says_what_is_waited_for() -> None:
    """As long as there is no interval."""
    there = place(candidate=0.3)
    there.card = declared(requests=2000)
    there.card = there.card.model_copy(
        update={"rollout": there.card.rollout.model_copy(update={"batch_requests": 50})}
    )
    there.shadow()

    assert there.told[0] == (
        50,
        2000,
        "shadow, 16 outcomes other than the most frequent one so far: continue",
    )


def test_a_margin_lets_an_equal_candidate_pass() -> None:
    """One that is worse by less, too: passing is asked first."""
    card = declared(decision=Decision(rule="not_worse", margin=0.05))
    for candidate, outcome in ((0.3, "pass"), (0.28, "pass"), (0.2, "abort")):
        there = place(candidate=candidate)
        there.card = card
        assert there.shadow().verdict.outcome == outcome


def test_what_is_not_worth_it_is_futile() -> None:
    """An equal candidate is given up as soon as a gain of a tenth is shown not to be there."""
    there = place(candidate=0.3)
    there.card = declared(min_effect=0.1)
    found = there.shadow()

    assert found.verdict.outcome == "abort"
    assert "below the 0.1 that is worth it" in found.verdict.checks[0].found
    assert found.offered < 2000


def test_copies_that_fail_count() -> None:
    """As what a user gets that is not answered: a better candidate that fails too often is none."""
    pairs = World(6000, gain=0.5).drawn(0)
    sound, ill = looks(pairs)[-1], looks(failing(pairs, 0.5))[-1]

    assert (sound.verdict.outcome, sound.candidate_errors) == ("pass", 0)
    assert ill.verdict.outcome == "abort"
    assert ill.candidate_errors > 0.4 * ill.requests
    assert ill.stable_errors == 0
    assert place(fails={2: 0.4}).shadow().verdict.outcome == "abort"


@pytest.mark.gate(
    "shadow.min_units",
    fed="a better candidate on requests of 29 users",
    stops="shadow",
    exit=4,
    reason="shadow.min_units",
    untouched="the shadow does not pass, however many requests there are",
)
def test_a_handful_of_users_passes_nobody() -> None:
    """However much better it is to them."""
    few = World(4000, gain=0.8, users=29, tail=0.0).drawn(0)
    enough = World(4000, gain=0.8, users=31, tail=0.0).drawn(0)

    assert looks(few)[-1].verdict.outcome == "inconclusive"
    assert "29 units" in next(str(c) for c in looks(few)[-1].verdict.checks if c.code == "shadow.min_units")
    assert looks(enough)[-1].verdict.outcome == "pass"


@pytest.mark.gate(
    "shadow.min_events",
    fed="a candidate that takes positives of 0.2 % for rarer still, before thirty of them have come",
    stops="shadow",
    exit=4,
    reason="shadow.min_events",
    untouched="the shadow does not pass, though the candidate looks better on almost every request",
)
def test_rare_outcomes_are_waited_for() -> None:
    """On all the others, whoever denies that there are any looks better."""
    pairs = World(10_000, rate=0.002, denies=True).drawn(1)
    early = first(pairs, 500)
    found = looks(pairs)[-1]

    assert rarer(early.label).sum() < MIN_EVENTS
    assert ((early.candidate - early.stable) > 0).mean() > 0.9
    assert found.verdict.outcome == "inconclusive"
    unshown = next(check for check in found.verdict.checks if check.code == "shadow.min_events")
    assert unshown.answer == "not shown"
    assert unshown.needed == pytest.approx(30 * 10_000 / rarer(pairs.label).sum(), abs=1)


@pytest.mark.gate(
    "shadow.in_time",
    fed="an equal candidate, and a clock on which every look takes a second",
    stops="shadow",
    exit=4,
    reason="shadow.in_time",
    untouched="no request after ten minutes",
)
def test_the_maximum_duration_ends_it() -> None:
    """It is judged by what it has shown."""
    there = place(candidate=0.3)
    times = iter(range(0, 100_000, 100))
    there.timer = lambda: float(next(times))
    found = there.shadow()

    assert (found.verdict.outcome, found.verdict.checks[0].code) == ("inconclusive", "shadow.in_time")
    assert found.offered < 2000
    early = judge_pairs(World(4000, gain=0.8).drawn(0), plan(4000), LOSS, AT, True, limits(None, 1e6, 1))
    assert early.verdict.outcome == "pass"


@pytest.mark.gate(
    "shadow.not_stopped",
    fed="a better candidate, and a rollback that asks for the traffic",
    stops="shadow",
    exit=3,
    reason="shadow.not_stopped",
    untouched="no further request",
)
def test_a_stop_that_is_asked_for_aborts() -> None:
    """Whatever was shown."""
    there = place()
    there.timer = lambda: setattr(there.cluster, "asked", "robots") or 0.0  # type: ignore[func-returns-value]
    found = there.shadow()

    assert (found.verdict.outcome, found.verdict.checks[0].found) == ("abort", "robots")
    assert found.offered == 0
    asked = judge_pairs(World(4000, gain=0.8).drawn(0), plan(4000), LOSS, AT, True, limits("r", 0, 1))
    assert asked.verdict.outcome == "abort"


def test_the_canary_proves_the_rest_in_fewer_requests() -> None:
    """An equal reward in the split, which alone would promote nothing, is enough after the shadow."""
    there = place()
    shadow = there.shadow()
    there.cluster.earns = {1: 0.3, 2: 0.3}
    found = there.canary(shadow)

    assert found.shadow == shadow
    assert found.verdict.outcome == "promote", found.verdict.checks
    assert {"canary.metric_kept", "canary.outcomes_alike"} <= set(codes(found, "good"))
    assert "canary.metric" not in codes(found, "not shown")


@pytest.mark.gate(
    "canary.metric_kept",
    fed="a canary that its shadow passed, and that earns much less once users get its answers",
    stops="canary",
    exit=3,
    reason="canary.metric_kept",
    untouched="the canary's weight back at 0",
)
def test_a_canary_that_loses_live_is_aborted() -> None:
    """What live traffic shows goes before what the pairs did."""
    there = place()
    shadow = there.shadow()
    there.cluster.earns = {1: 0.6, 2: 0.3}
    found = there.canary(shadow)

    assert found.verdict.outcome == "abort"
    assert codes(found, "bad") == ["canary.metric_kept"]
    assert there.cluster.weights[-1] == 0


@pytest.mark.gate(
    "canary.outcomes_alike",
    fed="a canary whose answers change what comes of the requests, where the card says that none does",
    stops="canary",
    exit=4,
    reason="canary.outcomes_alike",
    untouched="not promoted, though the shadow passed; the canary's weight back at 0",
)
def test_outcomes_that_depend_on_the_answer_void_the_shadow() -> None:
    """By the labels, not the scores: nothing can be concluded."""
    there = place(moves={2: 0.3})
    shadow = there.shadow()
    there.cluster.earns = {1: 0.3, 2: 0.3}
    found = there.canary(shadow)

    assert shadow.verdict.outcome == "pass"
    assert found.verdict.outcome == "inconclusive"
    assert "outcomes do depend on the answer" in found.verdict.checks[0].found
    assert found.looks[-1].labels is not None
    assert found.looks[-1].labels.low > 0
    assert there.cluster.weights[-1] == 0


@pytest.mark.gate(
    "rollout.declared",
    fed="a rollout of a card that does not say whether outcomes depend on the answer",
    stops="shadow",
    exit=2,
    reason="problem.outcome_depends_on_answer: not said",
    untouched="nothing is packaged, and no request asked",
)
def test_a_card_that_does_not_say_is_asked() -> None:
    """With the key, and what each value means."""
    with pytest.raises(UsageError, match=r"systems/ad_click/system.yaml: problem.outcome_depends_on_answer"):
        declared(None).depends_on_answer()

    assert declared(True).depends_on_answer()
    assert not declared(False).depends_on_answer()
