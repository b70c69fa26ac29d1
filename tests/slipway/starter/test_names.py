"""Names for columns that are called anything."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.base.strict import NAME
from slipway.starter.names import names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("education-num", "education_num"),
        ("Größe (cm)", "grosse_cm"),
        ("2024", "column_2024"),
        ("客户", "column"),
        ("", "column"),
        ("_id", "id"),
        ("Options", "options_2"),
        ("x" * 99, "x" * 63),
    ],
)
def test_a_name_is_like_its_source(source: str, name: str) -> None:
    """As far as a name may be."""
    assert names([source.replace("ß", "ss")]) == [name]


def test_equal_names_are_numbered() -> None:
    """Also those that are taken already."""
    assert names(["A b", "a_b", "a.b"], taken=["a_b_2"]) == ["a_b", "a_b_3", "a_b_4"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=80), max_size=30))
def test_all_are_names_and_differ(sources: list[str]) -> None:
    """Whatever columns are called."""
    found = names(sources)
    assert len(set(found)) == len(sources)
    assert all(re.fullmatch(NAME, name) for name in found)
