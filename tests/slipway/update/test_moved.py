"""The texts of a system that moves."""

import pytest

from slipway.base.errors import SlipwayError
from slipway.update.moved import one_deeper, without_path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{kind: a, path: b c, rows: {}} # mine", "{kind: a, rows: {}} # mine"),
        ("{path: 'b', kind: a}", "{kind: a}"),
        ("{kind: a, path: b}", "{kind: a}"),
        ("{path: b}", "{}"),
        (
            "\n    kind: a # mine\n    path: b # its path\n    # of the seed\n    seed: 1",
            "\n    kind: a # mine\n    # of the seed\n    seed: 1",
        ),
        ("\n    kind: a\n    path: b", "\n    kind: a"),
    ],
)
def test_one_key_goes_and_all_else_stays(before: str, after: str) -> None:
    """However the mapping is written."""
    around = "# mine\ndata: # all of it\n  source: {}\n  split: {{}} # last\n"
    assert without_path(around.format(before)) == around.format(after)


def test_what_cannot_be_cut_out_is_told() -> None:
    """A value that stands elsewhere too would be gone there."""
    with pytest.raises(SlipwayError, match=r"data\.source\.path: take the key out yourself"):
        without_path("data:\n  source: {kind: a, path: &p b}\nmore: *p\n")


def test_relative_imports_lead_one_folder_further_up() -> None:
    """Those alone."""
    lines = ["from . import a", "from .b import (", "    c,", ")", "from ..d import e", "import f", "if 1:"]
    text = "\n".join(['"""from . here."""', *lines, "    from .g import h", ""])
    deeper = text
    for old, new in (("from . i", "from .. i"), ("from .b", "from ..b"), ("from ..d", "from ...d")):
        deeper = deeper.replace(old, new)
    assert one_deeper(text) == deeper.replace("from .g", "from ..g")


def test_every_relative_import_of_a_line_is_seen() -> None:
    """Also behind a letter of two bytes, and one that goes on in the next line."""
    text = 'a = "é"; from . import b; from .c import d\nfrom \\\n    .e import f\n'
    deeper = 'a = "é"; from .. import b; from ..c import d\nfrom \\\n    ..e import f\n'
    assert one_deeper(text) == deeper
