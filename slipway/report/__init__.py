"""The HTML report of one decision."""

from slipway.report.page import render

__all__ = ["render"]
