"""The report of one decision: a page of HTML, or a few lines of Markdown."""

from slipway.report.markdown import markdown
from slipway.report.page import render

__all__ = ["markdown", "render"]
