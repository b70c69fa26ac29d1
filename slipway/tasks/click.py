"""Of the options on offer, the one to show: the label says whether it was clicked."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import UsageError
from slipway.tasks.binary import Binary
from slipway.tasks.merit import REWARD, Metric, Seen
from slipway.tasks.requests import Answered, Offered, Scores


class Click(Binary):
    """Options are ranked by the probability of a click; a canary earns those of the options that it shows."""

    name = "click"
    words = replace(
        Binary.words,
        truth="the true click probabilities",
        curve=("Calibration curves, observed over predicted click rate", "predicted, %", "clicked, %"),
        curved="Observed over predicted click rate, in groups of rows with similar scores; on the diagonal a "
        "score of 10 % is clicked 10 % of the time.",
        earned={
            REWARD: "reward: clicks on the option shown; in a replay, drawn from the true probabilities",
            "log_loss": "log loss of logged outcomes",
        },
    )

    def earned(self, scores: Scores, truth: NDArray[np.float64], starts: NDArray[np.int64]) -> float:
        """The mean true probability of the option of the best score; of equal ones the first is shown."""
        groups = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(truth))))
        # Sorted within its request, the best option of each stands where the request starts.
        order = np.lexsort((np.arange(len(truth)), -scores, groups))
        return float(truth[order[starts]].mean())

    def decision(self, asked: str, seen: Seen) -> Metric:
        """Clicks where it is known what the shown option earned, else log loss of the logged outcomes.

        A log says what was clicked of what its own system showed. A version that shows something else has an
        unknown reward there, and the requests on which both agree are no sample of all: their mean is that of
        the version only where the log's system showed options at random (Li, Chu, Langford and Wang, Unbiased
        offline evaluation of contextual-bandit-based news article recommendation algorithms, WSDM 2011), or
        where the chance of each was logged. Log loss is of the same rows whatever a version shows.

        Live it is the other way round: each version's outcomes are those of the options that it chose itself,
        so the log losses are of different rows, and two calibrated versions are told apart by nothing but
        how extreme the options are that they show.
        """
        if asked == REWARD and seen == "logged":
            # guard rollout.reward
            raise UsageError(
                "rollout.decision.metric: found 'reward', but these rows say only what was clicked of "
                "what was shown when they were logged, and not with which probability each option was shown "
                "(no replay.truth.parquet either), so what another choice would earn is unknown; expected "
                f"'auto' or {self.primary.name!r} here, or live traffic, which observes rewards"
            )
        if asked == self.primary.name and seen == "observed":
            # guard rollout.loss_of_shown
            raise UsageError(
                f"rollout.decision.metric: found {asked!r}, but live traffic knows outcomes of shown options "
                "alone, which each version chooses itself: their losses are of different rows; "
                "expected 'auto' or 'reward'"
            )
        if asked == REWARD or (asked == "auto" and seen != "logged"):
            return self.metric(REWARD)
        return super().decision(asked, seen)

    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """1 where the option ranked first is clicked, else 0; or minus the log loss.

        NaN where nobody knows whether it would have been clicked: an option that was not shown is not one
        that was not clicked.
        """
        if metric.name != REWARD:
            return super().gains(metric, offered, scores, ranks)
        first = ranks == 1
        if offered.truth is None:
            clicked = np.asarray(offered.outcomes[first], np.float64)
            return clicked if offered.shown is None else np.where(offered.shown[first], clicked, np.nan)
        # An option has one draw whichever version shows it, so versions differ by what they show alone.
        return np.asarray(offered.luck[first] < offered.truth[first], np.float64)

    def failed(self, metric: Metric, offered: Offered, constant: Scores) -> NDArray[np.float64]:
        """No click, for nothing was shown; or minus the log loss of the base rate."""
        if metric.name != REWARD:
            return super().failed(metric, offered, constant)
        return np.zeros(len(offered.starts))

    def presumed(self, metric: Metric, offered: Offered) -> NDArray[np.float64]:
        """Whether the best option of each request would be clicked, or what was; or the base rate's loss."""
        if metric.name != REWARD:
            return super().presumed(metric, offered)
        if offered.truth is None:
            seen = offered.outcomes if offered.shown is None else offered.outcomes[offered.shown]
            return np.asarray(seen, np.float64)
        best = np.maximum.reduceat(offered.truth, offered.starts)
        return np.asarray(offered.luck[offered.starts] < best, np.float64)

    def differs(self, metric: Metric, one: Answered, other: Answered) -> NDArray[np.bool_]:
        """Where another option is shown; or, for the log loss, where any score is another."""
        if metric.name != REWARD:
            return super().differs(metric, one, other)
        return np.logical_or.reduceat((one.ranks == 1) != (other.ranks == 1), one.starts)

    def expected_deviation(self, metric: Metric, stable: float, canary: float, deviation: float) -> float:
        """Of a click at the rate of the two versions together."""
        return bernoulli_deviation((stable + canary) / 2) if metric.name == REWARD else deviation


def bernoulli_deviation(rate: float) -> float:
    """The standard deviation of one click."""
    return float(np.sqrt(rate * (1 - rate)))


TASK = Click
