"""Names for columns that are called anything."""

import re
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.base.naming import beside
from slipway.base.strict import NAME
from slipway.settings import Column, Columns
from slipway.starter.names import names

ROLES: tuple[Literal["time", "unit", "label"], ...] = ("time", "unit", "label")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("education-num", "education_num"),
        ("Größe (cm)", "grosse_cm"),
        ("2024", "column_2024"),
        ("Ærø & Łódź", "aero_lodz"),
        ("客户", "column"),
        ("Возраст 2", "column_2"),
        ("", "column"),
        ("_id", "id"),
        ("Options", "options_2"),
        ("x" * 99, "x" * 63),
    ],
)
def test_a_name_is_like_its_source(source: str, name: str) -> None:
    """As far as a name may be."""
    assert names([source]) == [name]


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


@pytest.mark.parametrize(
    ("name", "source", "called"),
    [
        ("age", None, "age"),
        ("grosse_cm", "Größe (cm)", "grosse_cm"),
        ("column_4", "流失", "column_4 (流失)"),
        ("churn", "流失 churn", "churn (流失 churn)"),
        ("column_2", "Возраст", "column_2 (Возраст)"),
        ("column_3", "ηλικία", "column_3 (ηλικία)"),
        ("column_5", "나이", "column_5 (나이)"),
        ("rate", "rate %", "rate"),
        ("column", "🙂", "column (🙂)"),
        ("column_2", "%", "column_2 (%)"),
        ("column", "年\n龄", "column ('\\u5e74\\n\\u9f84')"),
    ],
)
def test_a_name_in_another_script_stands_beside(name: str, source: str | None, called: str) -> None:
    """Wherever a column is mentioned; accents are no loss, nor are signs beside letters."""
    assert beside(name, source) == called
    column = Column(type="string", source=source)
    roles = {role: Column(type="timestamp" if role == "time" else "string", role=role) for role in ROLES}
    assert Columns(columns={name: column} | roles).called(name) == called
