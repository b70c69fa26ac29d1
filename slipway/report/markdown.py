"""One decision as Markdown, for a job's summary or a comment on a pull request."""

from textwrap import wrap

from slipway.records.checks import ways_out
from slipway.records.decision import DecisionRecord
from slipway.report.summary import STYLES, ten_lines
from slipway.report.wording import printable

WIDTH = 100
WORD = 16
"""Characters; the column in which texts begin."""
LONGEST = 2_000
"""Characters of one entry; GitHub takes 65,536 in a comment."""


def markdown(record: DecisionRecord) -> str:
    """A heading of fixed words, and the decision in words as a block of code, where markup is text.

    A line of the block begins with a word of ours or sixteen spaces, so nothing in the record can end it.
    """
    style = STYLES[record.decision]
    entries = [("System", record.system), ("Record", record.id), *ten_lines(record), *ways_out(record.checks)]
    lines = [line for word, text in entries for line in _entry(word, text)]
    return "\n".join([f"### {style.sign} {style.word}", "", "```text", *lines, "```", ""])


def _entry(word: str, text: str) -> list[str]:
    # `wrap` gives no line for an empty text, and the entry would be gone.
    shown = wrap(printable(text, LONGEST), WIDTH - WORD) or [""]
    return [
        f"{head:<{WORD}}{line}".rstrip()
        for head, line in zip([word] + [""] * len(shown), shown, strict=False)
    ]
