"""What a design card asks for that cannot be, though each key alone is sound.

Held against a card when it is read from its file, and not against one that a version carries: nobody can edit
that any more, and a version must stay served. What depends on where traffic flows is asked of the plan of a
rollout instead, see `slipway.rollout.feasible`.
"""

from collections.abc import Sequence
from typing import get_args

from slipway.base.errors import UsageError
from slipway.settings.card import Card
from slipway.settings.data import GeneratorSource
from slipway.tasks.merit import REWARD, Seen


def require_consistent(card: Card) -> None:
    """Refuse a card that contradicts itself.

    Raises:
        UsageError: the line names the key, what was found, and what is expected.
    """
    _rules_agree(card)
    _margin_has_a_metric(card)
    _outcomes_mature(card)
    _units_are_to_be_had(card)
    _rises_can_be_shown(card)
    _columns_can_be_filled(card)
    _something_is_learned_from(card)
    _nothing_stands_twice(card)
    _critical_is_sliced(card)
    _small_is_smaller(card)
    _intervals_have_a_level(card)


def _rules_agree(card: Card) -> None:
    """An equal version that the gate lets through would use up its traffic and never be promoted.

    A card may let the canary decide by another metric that it names, such as the reward: then the gate asks
    that the one is no worse, and the canary that the other is better.
    """
    asked = card.rollout.decision
    other = asked.metric not in ("auto", card.task.primary.name)
    if card.gate.champion.rule == "not_worse" and asked.rule == "better" and not other:
        raise UsageError(
            "rollout.decision.rule: found 'better', but gate.champion.rule is 'not_worse' on the same "
            "metric: an equal version passes the gate, and no traffic promotes it; expected 'not_worse' with "
            "a margin here too, or 'better' in both"
        )  # guard settings.contradiction.rule


def _margin_has_a_metric(card: Card) -> None:
    """A margin is in units of one metric; `auto` may be one or another, depending on the traffic."""
    asked, task = card.rollout.decision, card.task
    if asked.rule == "better":
        return
    either = sorted({task.decision("auto", known).name for known in get_args(Seen)})
    if asked.metric == "auto" and len(either) > 1:
        raise UsageError(
            f"rollout.decision.metric: found 'auto' beside a margin of {asked.margin:g}, which is in units "
            f"of one metric; expected {' or '.join(map(repr, either))}"
        )  # guard settings.contradiction.margin
    if asked.metric == REWARD and asked.margin >= 1:
        raise UsageError(
            f"rollout.decision.margin: found {asked.margin:g}, but a reward lies between 0 and 1, so no "
            "canary would be worse; expected less than 1"
        )  # guard settings.contradiction.margin


def _outcomes_mature(card: Card) -> None:
    """Before its label is known, no outcome counts."""
    window, delay = card.rollout.maturity_hours, card.data.label_delay_hours
    if window is not None and window < delay:
        raise UsageError(
            f"rollout.maturity_hours: found {window:g}, but data.label_delay_hours is {delay:g}: no outcome "
            f"is known by then; expected at least {delay:g}"
        )  # guard settings.contradiction.maturity


def _units_are_to_be_had(card: Card) -> None:
    """An arm has no more units than requests."""
    rollout = card.rollout
    least = rollout.guardrails.min_units
    most = sum(step.requests * min(step.weight, 100 - step.weight) for step in rollout.steps) // 100
    if most < least:
        raise UsageError(
            f"rollout.guardrails.min_units: found {least:,}, but the steps give the smaller arm {most:,} "
            "requests, of as many units at most; expected fewer units or larger steps"
        )  # guard settings.contradiction.units


def _rises_can_be_shown(card: Card) -> None:
    """The upper end of an exact interval is above zero, however much traffic there is."""
    limits = card.rollout.guardrails
    for key in ("max_error_rate_rise", "max_unknown_rise", "max_late_rise"):
        if getattr(limits, key) == 0:
            raise UsageError(
                f"rollout.guardrails.{key}: found 0, but no traffic shows that a rise is at most 0; expected "
                "a rise that can be borne, such as 0.005"
            )  # guard settings.contradiction.rise


def _columns_can_be_filled(card: Card) -> None:
    """Every row would fail the check of such a column."""
    for name, column in card.data.columns.items():
        if column.min is not None and column.max is not None and column.min > column.max:
            raise UsageError(
                f"data.columns.{name}: found min {column.min:g} and max {column.max:g}; expected a min "
                "that is no higher"
            )  # guard settings.contradiction.bounds
        if column.values == []:
            raise UsageError(
                f"data.columns.{name}.values: found none, so no value is allowed; expected some, "
                "or no such key"
            )  # guard settings.contradiction.bounds


def _something_is_learned_from(card: Card) -> None:
    """A model that sees nothing answers every request alike, which the gate refuses."""
    seen = card.features
    for name in seen.numeric:
        if (kind := card.data.columns[name].type) not in ("integer", "number"):
            raise UsageError(
                f"features.numeric: found {name!r}, a column of the type {kind!r}; expected an integer "
                "or a number"
            )  # guard settings.contradiction.features
    if not seen.categorical and not seen.numeric and not seen.time_of_day:
        raise UsageError(
            "features: found neither categorical nor numeric columns, nor time_of_day; expected at least one"
        )  # guard settings.contradiction.features


def _nothing_stands_twice(card: Card) -> None:
    """A column would count twice in a model, a slice in the noise of all slices."""
    lists: dict[str, Sequence[str]] = {
        "features.categorical": card.features.categorical,
        "features.numeric": card.features.numeric,
        "features.crosses": [" and ".join(sorted(cross)) for cross in card.features.crosses],
        "evaluation.slices": card.evaluation.slices,
        "gate.critical_slices": [f"{one.column} = {one.value}" for one in card.gate.critical_slices],
    }
    for key, found in lists.items():
        for one in found:
            if found.count(one) > 1:
                # guard settings.contradiction.twice
                raise UsageError(f"{key}: found {one!r} twice; expected it once")


def _critical_is_sliced(card: Card) -> None:
    """A value of a column that is not sliced would be measured by nobody, and refuse every candidate."""
    for one in card.gate.critical_slices:
        if one.column not in card.evaluation.slices:
            raise UsageError(
                f"gate.critical_slices: found the column {one.column!r}; expected one of evaluation.slices, "
                f"which are {', '.join(map(repr, card.evaluation.slices)) or 'none'}"
            )  # guard settings.contradiction.critical


def _small_is_smaller(card: Card) -> None:
    rows = card.data.source.rows
    small, full = rows.get("small"), rows.get("full")
    # Without a number a table has all of its rows, how many is known to nobody here.
    if small is None and full is not None and not isinstance(card.data.source, GeneratorSource):
        found = "all rows"
    elif small is not None and full is not None and small > full:
        found = f"{small:,}"
    else:
        return
    raise UsageError(
        f"data.source.rows.small: found {found}, and full is {full:,}; expected no more in the small size"
    )  # guard settings.contradiction.rows


def _intervals_have_a_level(card: Card) -> None:
    """Each end of a percentile interval has resamples beyond it, and a level is a large share."""
    asked = card.evaluation
    if asked.confidence <= 0.5:
        raise UsageError(
            f"evaluation.confidence: found {asked.confidence:g}, which takes noise for evidence; expected "
            "more than 0.5, such as 0.95"
        )  # guard settings.contradiction.confidence
    beyond = asked.resamples * (1 - asked.confidence) / 2
    if beyond < 1:
        raise UsageError(
            f"evaluation.resamples: found {asked.resamples:,}, which leave {beyond:.1f} beyond each end of "
            f"an interval of confidence {asked.confidence:g}; expected at least "
            f"{2 / (1 - asked.confidence):,.0f}"
        )  # guard settings.contradiction.confidence
