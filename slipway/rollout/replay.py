"""The replay part of the data in place of live traffic: its requests are offered here, each once."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slipway.records.canary import Arm
from slipway.records.evidence import Evidence
from slipway.rollout.assignment import Assign, in_canary
from slipway.rollout.call import Call, Send
from slipway.rollout.client import Reply
from slipway.rollout.feasible import require_warm_up, span
from slipway.rollout.observations import Observations
from slipway.rollout.paired import Pairs
from slipway.rollout.plan import expected, plan, requests_needed, shadow_plan
from slipway.rollout.reference import Reference
from slipway.rollout.reply import read_answer
from slipway.rollout.scoring import Scoring
from slipway.rollout.target import Over, Trial
from slipway.rollout.traffic import Answer, Offer, Traffic
from slipway.rollout.triggering import by_unit
from slipway.settings import Card
from slipway.tasks import Metric


class Replay:
    """An `Arena`: it assigns units, names the arm of each request, and knows what comes of the answers.

    It lives in the time of its rows: neither its outcomes nor the days that they span take any time here.
    """

    live = False

    def __init__(self, card: Card, traffic: Traffic, send: Send, assign: Assign | None = None) -> None:
        """Take the traffic and who carries requests to their arms.

        Args:
            assign: which units the canary serves there; by default every unit has a place of its own.
        """
        self.card, self.traffic, self.send = card, traffic, send
        self.assign = assign or in_canary
        self.scoring = Scoring(traffic, send, card.serving.max_rows)
        self.warmed = self.offered = 0
        self.parts: list[Observations] = []
        self.asked: list[Pairs] = []
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
        hoped = expected(evaluated, stable, self.metric)
        lines = plan(self.card, self.traffic, hoped, error_rate, self.offered)
        end = self.offered + requests_needed(self.card.rollout)
        return [*lines, span(self.card, self.traffic.times[self.offered : end])]

    def resume(self, offered: int) -> None:
        """Go on behind the requests that a shadow has used."""
        self.offered = offered

    def shadow_plan(self, evaluated: Evidence | None = None, stable: int = 0) -> list[str]:
        """What a shadow is about to do, and what it can find."""
        return shadow_plan(self.card, self.traffic, evaluated, stable)

    def shadow(self, trial: Trial, requests: int, over: Over) -> int:
        """Ask both versions the next requests; one that only stable was asked in time counts for nothing."""
        first = self.offered
        offers = self.traffic.offers(first, first + requests)
        arms = list(trial.versions)
        replies = self.send([Call(arm, offer.body) for offer in offers for arm in arms], over)
        whole = len(replies) // len(arms)
        answers = {
            arm: [
                self._read(trial, arm, offers[place], replies[place * len(arms) + number])
                for place in range(whole)
            ]
            for number, arm in enumerate(arms)
        }
        failed = {arm: np.array([one is None for one in given], np.bool_) for arm, given in answers.items()}
        gains = {arm: self.traffic.gains(first, given) for arm, given in answers.items()}
        self.offered = first + whole
        self.asked.append(
            Pairs(
                unit=self.traffic.unit_codes[first : self.offered],
                stable=gains["stable"],
                candidate=gains["canary"],
                stable_failed=failed["stable"],
                candidate_failed=failed["canary"],
                label=self.traffic.labels[first : self.offered],
                due=np.zeros(whole, np.bool_),
            )
        )
        return whole

    def pairs(self, waited: bool) -> Pairs:
        """All that both versions were asked; an outcome comes the label delay after its request."""
        return replace(Pairs.concat(self.asked), due=self.traffic.due(0, self.offered, waited))

    def warm_up(self, trial: Trial, requests: int, over: Over) -> Reference:
        """Both arms answer the first requests; stable's later ones, with full caches, say what is slow."""
        first = self.offered
        self.warmed = self.offered = first + requests
        offers = self.traffic.offers(first, self.offered)
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
        canary = self.assign([offer.unit for offer in offers], trial.experiment, weight)
        arms: list[Arm] = ["canary" if chosen else "stable" for chosen in canary]
        calls = [Call(arm, offer.body, unit=offer.unit) for arm, offer in zip(arms, offers, strict=True)]
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
                triggered=self._differs(trial, sent, over),
                label=self._labels(first),
            )
        )
        return sent

    def seen(self, waited: bool) -> Observations:
        """All that was offered after the warm-up; an outcome comes the label delay after its request."""
        found = Observations.concat(self.parts)
        return replace(
            found,
            due=self.traffic.due(self.warmed, self.offered, waited),
            triggered=by_unit(found.triggered, found.unit),
        )

    def _differs(self, trial: Trial, sent: int, over: Over) -> NDArray[np.bool_]:
        """Which of the last so many requests both versions answer differently; all, where nobody asks."""
        if not self.card.problem.outcome_depends_on_answer:
            return np.ones(sent, np.bool_)
        return self.scoring.differs(trial, (self.offered - sent, self.offered), over)

    def _labels(self, first: int) -> NDArray[np.float64]:
        """What came of the requests from `first` on, whatever was answered, where that is asked."""
        if not self.metric.is_loss and self.card.problem.outcome_depends_on_answer is not False:
            return np.full(self.offered - first, np.nan)
        return self.traffic.labels[first : self.offered]

    def _read(self, trial: Trial, arm: Arm, offer: Offer, reply: Reply) -> Answer | None:
        answer = read_answer(
            reply, offer.rows.stop - offer.rows.start, trial.versions[arm], self.traffic.task
        )
        if isinstance(answer, Answer):
            return answer
        self.faults.setdefault(arm, answer)
        return None
