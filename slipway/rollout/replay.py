"""The replay part of the data in place of live traffic: its requests are offered here, each once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slipway.records.canary import Arm
from slipway.records.evidence import Evidence
from slipway.rollout.assignment import in_canary
from slipway.rollout.client import Reply
from slipway.rollout.feasible import require_warm_up, span
from slipway.rollout.observations import Observations, concat
from slipway.rollout.plan import expected, plan, requests_needed
from slipway.rollout.reference import Reference
from slipway.rollout.reply import read_answer
from slipway.rollout.target import Over, Trial
from slipway.rollout.traffic import Answer, Offer, Traffic
from slipway.settings import Card
from slipway.tasks import Metric


@dataclass(frozen=True)
class Call:
    """One request on its way to an arm."""

    arm: Arm
    body: bytes


Send = Callable[[Sequence[Call], Over], list[Reply]]
"""Sends requests to their arms until it is over: a reply to each that was sent, in the same order.

Failures are replies too. What is under way when it is over is waited for.
"""


class Replay:
    """An `Arena`: it assigns units, names the arm of each request, and knows what comes of the answers.

    It lives in the time of its rows: neither its outcomes nor the days that they span take any time here.
    """

    live = False

    def __init__(self, card: Card, traffic: Traffic, send: Send) -> None:
        """Take the traffic and who carries requests to their arms."""
        self.card, self.traffic, self.send = card, traffic, send
        self.warmed = self.offered = 0
        self.parts: list[Observations] = []
        self.faults: dict[Arm, str] = {}

    @property
    def metric(self) -> Metric:
        """How outcomes are judged."""
        return self.traffic.metric

    def plan(
        self, evaluated: Evidence | None = None, stable: int = 0, error_rate: float | None = None
    ) -> list[str]:
        """What a rollout is about to do, and what it can find."""
        require_warm_up(self.card)
        lines = plan(self.card, self.traffic, expected(evaluated, stable, self.metric), error_rate)
        return [*lines, span(self.card, self.traffic.times[: requests_needed(self.card.rollout)])]

    def warm_up(self, trial: Trial, requests: int, over: Over) -> Reference:
        """Both arms answer the first requests; stable's later ones, with full caches, say what is slow."""
        self.warmed = self.offered = requests
        offers = self.traffic.offers(0, requests)
        replies = {
            arm: self.send([Call(arm, offer.body) for offer in offers], over) for arm in trial.versions
        }
        later = list(zip(offers, replies["stable"], strict=False))[requests // 2 :]
        answers = [self._read(trial, "stable", *one) for one in later]
        latency = [
            np.nan if answer is None else reply.latency_ms
            for answer, (_, reply) in zip(answers, later, strict=True)
        ]
        return Reference.of(np.array(latency, np.float64), self.card.rollout.guardrails)

    def observe(self, trial: Trial, step: int, weight: int, requests: int, over: Over) -> int:
        """Offer the next requests, and see what comes of them."""
        first = self.offered
        offers = self.traffic.offers(first, first + requests)
        canary = in_canary([offer.unit for offer in offers], trial.experiment, weight)
        arms: list[Arm] = ["canary" if chosen else "stable" for chosen in canary]
        calls = [Call(arm, offer.body) for arm, offer in zip(arms, offers, strict=True)]
        replies = self.send(calls, over)
        sent = len(replies)
        self.offered = first + sent
        answers = [self._read(trial, *one) for one in zip(arms, offers, replies, strict=False)]
        error = np.array([answer is None for answer in answers], np.bool_)
        self.parts.append(
            Observations(
                step=np.full(sent, step, np.int32),
                block=(np.arange(first, self.offered) - self.warmed) // self.card.rollout.block_requests,
                unit=self.traffic.unit_codes[first : self.offered],
                canary=canary[:sent],
                error=error,
                latency_ms=np.where(error, np.nan, [reply.latency_ms for reply in replies]),
                due=np.zeros(sent, np.bool_),
                metric=self.traffic.gains(first, answers),
            )
        )
        return sent

    def seen(self, waited: bool) -> Observations:
        """All that was offered after the warm-up; an outcome comes the label delay after its request."""
        return replace(concat(self.parts), due=self.traffic.due(self.warmed, self.offered, waited))

    def _read(self, trial: Trial, arm: Arm, offer: Offer, reply: Reply) -> Answer | None:
        answer = read_answer(
            reply, offer.rows.stop - offer.rows.start, trial.versions[arm], self.traffic.task
        )
        if isinstance(answer, Answer):
            return answer
        self.faults.setdefault(arm, answer)
        return None
