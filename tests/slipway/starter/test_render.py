"""The files of a new system, as text."""

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from slipway.settings.data import TableSource
from slipway.starter.choices import Choices
from slipway.starter.design import design
from slipway.starter.profile import Profile
from slipway.starter.render import Plan, card_text, flow, folder_files, system_test
from slipway.starter.sizes import PROVISIONAL, PartSize, split_shares
from tests.slipway.root import REPOSITORY
from tests.slipway.starter.profiles import ROWS, column, label, table
from tests.slipway.starter.reading import card_of
from tests.slipway.starter.tables import write


@pytest.mark.parametrize(
    ("depends", "written"),
    [(None, "outcome_depends_on_answer: false # review:"), (True, "outcome_depends_on_answer: true\n")],
)
def test_the_card_says_what_outcomes_depend_on(depends: bool | None, written: str) -> None:
    """What nobody said is marked for review; both are read back."""
    sizes = replace(PROVISIONAL, shadow_requests=None if depends else 90)
    text = card_text(replace(TIMED, depends=depends, sizes=sizes))
    card = card_of(text)

    assert written in text
    assert card.problem.outcome_depends_on_answer is bool(depends)
    assert (card.rollout.shadow.requests == 90) is not depends


WIDE = column("n" * 63, "number", mean=1e-7, deviation=123456789.123)


def plan(found: Profile, choices: Choices, name: str = "churn") -> Plan:
    """All that the files of a table are made of."""
    return Plan(name, found.source, found, design(found, choices, {}), split_shares(ROWS), PROVISIONAL)


TIMED = plan(
    table(label("left", ("no", "yes")), column("when", "timestamp"), column("who", "string"), WIDE),
    Choices("left", "when", "who"),
)
BARE = plan(table(label(), column("a|b", "string", 2, values=("x", "y"), counts=(1, 1))), Choices("y"), "b2")


@pytest.mark.parametrize("one", [TIMED, BARE], ids=["timed", "bare"])
def test_the_code_passes_the_project_s_own_checks(one: Plan, tmp_path: Path) -> None:
    """Format, lint and names, whatever the columns are called."""
    (tmp_path / "slipway").mkdir()  # as in a project, so that it is sorted as its own
    files = {f"systems/{one.name}/{name}": text for name, text in folder_files(one).items()}
    for name, text in (files | {f"tests/systems/test_{one.name}.py": system_test(one)}).items():
        write(tmp_path / name, text.splitlines())
    for command in (["format", "--check"], ["check"]):
        words = ["ruff", *command, "--no-cache", "--config", str(REPOSITORY / "pyproject.toml"), "."]
        ran = subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout


def test_systems_import_the_interface_only() -> None:
    """So that a user's folder survives every change behind it."""
    for name, text in folder_files(TIMED).items():
        if name.endswith(".py"):
            imported = [
                node.module or ""
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.ImportFrom) and not node.level
            ]
            assert [one for one in imported if one.startswith("slipway") and one != "slipway.system"] == []


@pytest.mark.parametrize(("one", "told"), [(TIMED, False), (BARE, True)], ids=["timed", "bare"])
def test_a_random_split_is_told(one: Plan, told: bool) -> None:
    """In the card and in the README of the system, and only where it is one."""
    assert ("A random split, for the table has no time" in card_text(one)) is told
    assert ("Nothing shows that it holds for tomorrow's" in folder_files(one)["README.md"]) is told
    assert card_of(card_text(one)).features.time_of_day is False


def test_the_card_marks_what_is_to_be_reviewed() -> None:
    """Bounds and guesses, each on its line."""
    marked = [line.strip().split(":")[0] for line in card_text(TIMED).splitlines() if "# review:" in line]
    assert {"objective", "p99_latency_ms", "left", "n" * 63, "label_delay_hours"} <= set(marked)


@pytest.mark.parametrize(("delay", "said"), [(None, 0), (0.0, 0), (168.0, 168), (0.5, 0.5)])
def test_the_card_has_the_delay(delay: float | None, said: float) -> None:
    """To be reviewed, with what 0 means, only where nobody gave it."""
    text = card_text(replace(TIMED, delay=delay))
    (line,) = [line for line in text.splitlines() if "label_delay_hours" in line]

    assert line.strip().startswith(f"label_delay_hours: {said:g} # ")
    assert ("review:" in line) is (delay is None)
    assert ("every label is taken to be known at once" in text) is (delay is None)
    assert card_of(text).data.label_delay_hours == said


def test_a_holdout_of_few_outcomes_is_told() -> None:
    """The card lets something pass, and says that less is shown by it."""
    few = replace(TIMED.sizes, holdout=PartSize(500, 40, 40), min_outcomes=36)
    text = card_text(replace(TIMED, sizes=few))

    assert "# review: the holdout has 40 rows with the rarer label; " in text
    assert card_of(text).gate.min_outcomes == 36
    assert card_of(card_text(TIMED)).gate.min_outcomes == 100


def test_the_label_is_told_by_its_positive_value() -> None:
    """With its share of the rows."""
    assert (
        "left: {type: integer, role: label, positive: 'yes'} # review: 'yes' counts as 1, 25 %"
        in card_text(TIMED)
    )
    assert "25 % of them with the label 1 (`yes` in the table)" in folder_files(TIMED)["README.md"]


@pytest.mark.parametrize(
    ("values", "counts", "share"),
    [
        (("0.0", "1.0"), (75, 25), "25"),
        (("0", "0.0", "1.0", "1"), (1, 1, 1, 1), "50"),
        (("1.0", "2.0"), (9, 1), "90"),
    ],
)
def test_a_label_of_numbers_has_its_share(
    values: tuple[str, ...], counts: tuple[int, ...], share: str
) -> None:
    """However they are written."""
    label = column("y", "integer", 2, values=values, counts=counts)
    one = plan(table(label, column("x", "number"), rows=sum(counts)), Choices("y"))
    assert f"{share} % of them with the label 1" in folder_files(one)["README.md"]


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "no",
        "1.5",
        "a, b",
        "it's",
        "{x}",
        "#row",
        "a: b",
        "",
        "line\nbreak",
        "\u2028",
        "é",
        [],
        [1, "x"],
    ],
)
def test_values_stand_on_one_line(value: object) -> None:
    """In a list or a mapping, and are read back."""
    text = flow(value)
    assert "\n" not in text
    assert yaml.safe_load(f"[{text}, {{key: {text}}}]") == [value, {"key": value}]


def test_source_settings_stand_in_the_card() -> None:
    """How the table was read when it was looked at."""
    source = TableSource(kind="table", format="csv", header=["y", "x"], trim=True, missing=["NA"])
    found = Profile(Path("a b.csv"), source, ROWS, (label(), column("x", "number")))
    assert card_of(card_text(plan(found, Choices("y")))).data.source == source
