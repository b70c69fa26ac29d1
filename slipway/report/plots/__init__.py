"""The figures: each a function of typed evidence and a width that returns SVG for an HTML page."""

from slipway.report.plots.calibration import calibration
from slipway.report.plots.latency import latency
from slipway.report.plots.models import log_loss
from slipway.report.plots.slices import slices
from slipway.report.plots.timeline import timeline

__all__ = ["calibration", "latency", "log_loss", "slices", "timeline"]
