"""The figures: each a function of typed evidence and a width that returns SVG for an HTML page."""

from slipway.report.plots.curve import curve
from slipway.report.plots.latency import latency
from slipway.report.plots.models import primary
from slipway.report.plots.shadow import shadow
from slipway.report.plots.simulation import simulation
from slipway.report.plots.slices import slices
from slipway.report.plots.timeline import timeline

__all__ = ["curve", "latency", "primary", "shadow", "simulation", "slices", "timeline"]
