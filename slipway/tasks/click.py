"""Of the options on offer, the one to show: the label says whether it was clicked."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import UsageError
from slipway.tasks.binary import Binary
from slipway.tasks.merit import REWARD, Metric
from slipway.tasks.requests import Answered, Offered, Scores


class Click(Binary):
    """Options are ranked by the probability of a click; where that is known, a canary's clicks are drawn."""

    name = "click"
    words = replace(
        Binary.words,
        truth="the true click probabilities",
        curve=("Calibration curves, observed over predicted click rate", "predicted, %", "clicked, %"),
        curved="Observed over predicted click rate, in groups of rows with similar scores; on the diagonal a "
        "score of 10 % is clicked 10 % of the time.",
        earned={
            REWARD: "reward: clicks drawn from the true probabilities",
            "log_loss": "log loss of logged outcomes",
        },
    )

    def earned(self, scores: Scores, truth: NDArray[np.float64], starts: NDArray[np.int64]) -> float:
        """The mean true probability of the option of the best score; of equal ones the first is shown."""
        groups = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(truth))))
        # Sorted within its request, the best option of each stands where the request starts.
        order = np.lexsort((np.arange(len(truth)), -scores, groups))
        return float(truth[order[starts]].mean())

    def decision(self, asked: str, drawn: bool) -> Metric:
        """Clicks where they can be drawn, log loss of the logged outcomes where they cannot."""
        if asked == REWARD and not drawn:
            # guard rollout.reward
            raise UsageError(
                "rollout.decision.metric: found 'reward', but the true click probabilities are not known "
                "(no replay.truth.parquet); expected 'auto' or 'log_loss'"
            )
        if asked == REWARD or (asked == "auto" and drawn):
            return self.metric(REWARD)
        return super().decision(asked, drawn)

    def gains(
        self, metric: Metric, offered: Offered, scores: Scores, ranks: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """1 where the option ranked first is clicked, else 0; or minus the log loss."""
        if metric.name != REWARD or offered.truth is None:
            return super().gains(metric, offered, scores, ranks)
        # An option has one draw whichever version shows it, so versions differ by what they show alone.
        shown = ranks == 1
        return np.asarray(offered.luck[shown] < offered.truth[shown], np.float64)

    def failed(self, metric: Metric, offered: Offered, constant: Scores) -> NDArray[np.float64]:
        """No click, for nothing was shown; or minus the log loss of the base rate."""
        if metric.name != REWARD or offered.truth is None:
            return super().failed(metric, offered, constant)
        return np.zeros(len(offered.starts))

    def differs(self, metric: Metric, one: Answered, other: Answered) -> NDArray[np.bool_]:
        """Where another option is shown; or, for the log loss, where any score is another."""
        if metric.name != REWARD:
            return super().differs(metric, one, other)
        return np.logical_or.reduceat((one.ranks == 1) != (other.ranks == 1), one.starts)

    def deviation(self, metric: Metric, offered: Offered) -> float:
        """Of a click, as if the best option were always shown; or of the log loss."""
        if metric.name != REWARD or offered.truth is None:
            return super().deviation(metric, offered)
        return bernoulli_deviation(float(np.maximum.reduceat(offered.truth, offered.starts).mean()))

    def expected_deviation(self, metric: Metric, stable: float, canary: float, deviation: float) -> float:
        """Of a click at the rate of the two versions together."""
        return bernoulli_deviation((stable + canary) / 2) if metric.name == REWARD else deviation


def bernoulli_deviation(rate: float) -> float:
    """The standard deviation of one click."""
    return float(np.sqrt(rate * (1 - rate)))


TASK = Click
