"""One decision as one self-contained HTML page."""

from itertools import groupby

from slipway.data.manifest import SplitManifest
from slipway.records.canary import CanaryEvidence, Look
from slipway.records.decision import DecisionRecord
from slipway.records.evidence import Comparison
from slipway.records.labels import told
from slipway.report import plots, summary, wording
from slipway.report.html import Figure, environment, figure
from slipway.report.plots.models import models
from slipway.report.plots.slices import SHOWN
from slipway.settings.card import Card
from slipway.tasks import kind


def render(record: DecisionRecord, card: Card, split: SplitManifest | None, docs: str | None = None) -> str:
    """The report of one decision: HTML without scripts that loads nothing; equal records give equal bytes.

    Args:
        record: the decision and its evidence; parts that are None are left out with a reason.
        card: the design card in force, for the limits and the budget.
        split: the manifest of the data, where it is at hand.
        docs: address of the Great Expectations Data Docs, relative to where the report is kept.
    """
    # The card may be a newer one; evidence says itself by which task it was measured.
    task = record.evaluation.task if record.evaluation else card.problem.task
    return (
        environment()
        .get_template("page.html")
        .render(
            record=record,
            card=card,
            split=split,
            docs=wording.safe_link(docs),
            summary=summary,
            task=kind(task),
            primary=kind(task).metric(record.evaluation.primary) if record.evaluation else None,
            earned=kind(record.canary.task).metric(record.canary.metric) if record.canary else None,
            told=told,
            figures=_figures(record, card),
            models=models(record.evaluation) if record.evaluation else [],
            compared=_compared(record),
            shown=SHOWN,
            steps=_steps(record.canary) if record.canary else [],
        )
    )


def _figures(record: DecisionRecord, card: Card) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    evidence, canary = record.evaluation, record.canary
    if evidence:
        primary = kind(evidence.task).metric(evidence.primary)
        figures["primary"] = figure(plots.primary, evidence)
        figures["latency"] = figure(plots.latency, evidence, card.problem.p99_latency_ms)
        if any(model.curve for model in models(evidence)):
            figures["curve"] = figure(plots.curve, evidence)
        compared = _compared(record)
        if compared and compared.slices:
            small = evidence.small_slices.slices if evidence.small_slices else []
            most = card.gate.max_slice_regression
            figures["slices"] = figure(plots.slices, compared, small, primary, most)
    if canary and canary.shadow and canary.shadow.looks:
        figures["shadow"] = figure(plots.shadow, canary.shadow)
    if canary and canary.looks:
        figures["timeline"] = figure(plots.timeline, canary)
    return figures


def _compared(record: DecisionRecord) -> Comparison | None:
    """Against the champion, or against the baseline where there is no champion."""
    if not record.evaluation:
        return None
    evidence = record.evaluation
    against = None if summary.is_baseline(evidence) else summary.comparison(evidence, "baseline")
    return summary.comparison(evidence, "champion") or against


def _steps(canary: CanaryEvidence) -> list[Look]:
    """The last look of each step, which holds all of it."""
    return [list(looks)[-1] for _, looks in groupby(canary.looks, key=lambda look: look.step)]
