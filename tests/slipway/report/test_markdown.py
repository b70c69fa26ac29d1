"""The decision as Markdown: read by a parser, as GitHub would."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from slipway.report.markdown import markdown
from slipway.report.summary import STYLES, ten_lines
from tests.slipway.report import sample
from tests.slipway.report.conftest import KINDS

MARKUP = [
    "```\n# taken over",
    "~~~ ``` ````` \r\n```",
    "<script>evil()</script> <img src=evil> <!--",
    "[click](https://evil.example) ![x](https://evil.example/x.png) @everyone #1",
    "a\u2028```\u2029```\x0b```\x85```",
    "`" * 300,
    "x" * 70_000,
]


def blocks(text: str) -> list[str]:
    """The kinds of block that a parser finds, closing ones apart."""
    return [token.type for token in MarkdownIt("commonmark").parse(text) if token.nesting >= 0]


def told(text: str) -> str:
    """What the block of code says, with single spaces."""
    (block,) = (token.content for token in MarkdownIt("commonmark").parse(text) if token.type == "fence")
    return " ".join(block.split())


@pytest.mark.parametrize("kind", KINDS)
def test_a_heading_and_the_decision_in_words(kind: str) -> None:
    """The sign and the word of the report, then its ten lines, the system and the id of the record."""
    record = KINDS[kind]()
    text = markdown(record)

    style = STYLES[record.decision]
    assert text.startswith(f"### {style.sign} {style.word}\n")
    assert blocks(text) == ["heading_open", "inline", "fence"]
    for word, line in [("System", record.system), ("Record", record.id), *ten_lines(record)]:
        assert f"{word} {' '.join(line.split())}" in told(text)


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_text(text: str) -> None:
    """What data or a person wrote stays inside the block of code, where nothing is a link or a mention."""
    found = markdown(sample.record(reason=text, system=text, id=text))

    assert blocks(found) == ["heading_open", "inline", "fence"]
    assert len(found) < 65_536


@settings(deadline=None)
@given(st.text())
def test_no_text_leaves_the_block(text: str) -> None:
    """Of any characters."""
    found = markdown(sample.record(reason=text, system=text))

    assert blocks(found) == ["heading_open", "inline", "fence"]
    assert all(character.isprintable() or character == "\n" for character in found)
    assert told(found).endswith(" ".join(ten_lines(sample.promoted())[-1][1].split()))


def test_it_says_no_more_than_the_record() -> None:
    """Equal records give equal text, which ends with one line break."""
    assert markdown(sample.promoted()) == markdown(sample.promoted())
    assert markdown(sample.promoted()).endswith("\n```\n")
