"""What each version would answer to requests that were answered already: copies, many to one HTTP body.

A copy's answer counts for nobody. Copies are sent once the answers that count are in, so they slow none of
them, and to both versions alike, whoever answered.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slipway.records.canary import Arm
from slipway.rollout.call import Call, Send
from slipway.rollout.reply import read_scores
from slipway.rollout.target import Over, Trial
from slipway.rollout.traffic import Traffic, bodies
from slipway.tasks import Answered
from slipway.version.answer import ranks

Span = tuple[int, int]
"""The first request, and the one behind the last."""


@dataclass(frozen=True)
class Scoring:
    """Sends copies of requests.

    Attributes:
        most_rows: that a server takes in one body.
    """

    traffic: Traffic
    send: Send
    most_rows: int

    def differs(self, trial: Trial, span: Span, over: Over) -> NDArray[np.bool_]:
        """Which requests the two versions answer differently, [requests]; a failed copy counts as one."""
        first, last = span
        if first == last:
            return np.zeros(0, np.bool_)
        bounds = self.traffic.bounds[first : last + 1]
        starts = bounds[:-1] - bounds[0]
        groups = np.repeat(np.arange(last - first), np.diff(bounds))
        said, failed = [], np.zeros(last - first, np.bool_)
        for arm in trial.versions:
            scores = self._scores(trial, arm, span, over)
            rows_failed = np.isnan(scores).reshape(len(scores), -1).any(axis=1)
            failed |= np.logical_or.reduceat(rows_failed, starts)
            said.append(Answered(scores, ranks(scores, groups).astype(np.int64), starts))
        return failed | self.traffic.task.differs(self.traffic.metric, *said)

    def _scores(self, trial: Trial, arm: Arm, span: Span, over: Over) -> NDArray[np.float64]:
        """What a version says of each row, [rows] or [rows, k]; NaN where it gives no answer."""
        bounds, task = self.traffic.bounds, self.traffic.task
        begin = bounds[span[0]]
        found = np.full((int(bounds[span[1]] - begin), *task.width), np.nan)
        waiting = self._spans(span)
        while waiting and not over():
            replies = self.send([Call(arm, self._body(one), copy=True) for one in waiting], over)
            again: list[Span] = []
            for (first, last), reply in zip(waiting, replies, strict=False):
                rows = slice(int(bounds[first] - begin), int(bounds[last] - begin))
                scores = read_scores(reply, rows.stop - rows.start, trial.versions[arm], task)
                if not isinstance(scores, str):
                    found[rows] = scores
                # One request may spoil the answer to all of them; a server that says nothing is not asked on.
                elif reply.status and last - first > 1:
                    middle = (first + last) // 2
                    again += [(first, middle), (middle, last)]
            waiting = again
        return found

    def _spans(self, span: Span) -> list[Span]:
        """Consecutive requests, as many to one body as it may have rows; one at least."""
        found, first = [], span[0]
        while first < span[1]:
            most = self.traffic.bounds[first] + self.most_rows
            last = int(np.searchsorted(self.traffic.bounds, most, side="right")) - 1
            last = min(max(last, first + 1), span[1])
            found.append((first, last))
            first = last
        return found

    def _body(self, span: Span) -> bytes:
        begin, end = (int(self.traffic.bounds[request]) for request in span)
        rows = self.traffic.requests.slice(begin, end - begin)
        return bodies(self.traffic.columns, rows, np.array([0, end - begin]))[0]
