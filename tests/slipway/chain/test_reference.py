"""Tables of real rows, from `new-system` to a decision on traffic: ratings of films, and incomes."""

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.slipway.chain.conftest import Copy, copy_project
from tests.slipway.chain.test_demo import servers
from tests.slipway.reference import reference

pytestmark = pytest.mark.long

NAMES = "age,work,weight,education,years,marital,job,relation,race,sex,gain,loss,hours,country,income"


def ratings(folder: Path, rows: int = 30_000) -> Path:
    """The newest ratings, each with the year and the first genre of its film; in no order of time.

    Most people rate on one evening, so a split by time asks for people whom nobody knows.
    """
    place = reference("movielens-latest-small/ratings.csv.gz")
    with (place.parent / "movies.csv").open(encoding="utf-8", newline="") as lines:
        films = {film["movieId"]: film for film in csv.DictReader(lines)}
    with gzip.open(place, "rt", encoding="utf-8", newline="") as lines:
        known = sorted(csv.DictReader(lines), key=lambda rating: int(rating["timestamp"]))[-rows:]
    path = folder / "ratings.csv"
    with path.open("w", encoding="utf-8", newline="") as lines:
        write = csv.writer(lines)
        write.writerow(["person", "film", "year", "genre", "stars"])
        for one in known:
            film = films[one["movieId"]]
            year = film["title"].rstrip()[-5:-1]
            genre = film["genres"].split("|")[0]
            person, number = f"p{one['userId']}", f"f{one['movieId']}"
            write.writerow([person, number, year if year.isdigit() else "", genre, one["rating"]])
    return path


def incomes(folder: Path) -> Path:
    """The census of 1994, with a space after each comma and without names."""
    path = folder / "adult.csv"
    with gzip.open(reference("adult/adult.data.gz"), "rt", encoding="utf-8") as lines:
        path.write_text("".join(line.replace(", ", ",") for line in lines if line.strip()), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Case:
    """A table, what is asked of it, and what its record has to say.

    Attributes:
        failing: the check that a model of one stump does not pass.
        gate: bounds of the card, as wide as so few people need.
    """

    table: Callable[[Path], Path]
    asked: tuple[str, ...]
    task: str
    primary: str
    failing: str
    gate: dict[str, Any] = field(default_factory=dict)


STARS = ("--label", "stars", "--unit", "person")
CASES = {
    "stars as a number": Case(
        ratings, (*STARS, "--task", "regression"), "regression", "squared_error", "champion.squared_error"
    ),
    "stars as classes": Case(
        ratings,
        (*STARS, "--task", "multiclass"),
        "multiclass",
        "log_loss",
        "champion.log_loss",
        {"calibration": [0.8, 1.25]},
    ),
    "incomes": Case(
        incomes, ("--label", "income", "--header", NAMES), "binary", "log_loss", "champion.log_loss"
    ),
}
STUMP = {"name": "stump", "kind": "boosting", "params": {"rounds": 1, "num_leaves": 2}}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=() if name == "incomes" else pytest.mark.deep)
        for name, case in CASES.items()
    ],
)
def test_a_real_table_comes_to_a_decision(tmp_path: Path, case: Case) -> None:
    """The baseline goes first, the candidate is judged by requests, and a worse one is refused."""
    table = case.table(tmp_path)
    copy = copy_project(tmp_path)
    made = copy.slipway("new-system", "real", "--from", str(table), *case.asked)
    assert made.returncode == 0, made.stdout + made.stderr
    card = yaml.safe_load((copy.root / "systems/real/system.yaml").read_text())
    # Those of the new card are as wide as so few requests need.
    guardrails = card["rollout"]["guardrails"] | {"max_latency_ratio": 50}
    change(copy, rollout={"guardrails": guardrails}, gate=case.gate)

    ran = copy.slipway("demo", *LINE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = of_line(copy)
    ends = ["registered", "first", "registered", found[-1]["decision"]]
    assert [one["decision"] for one in found] == ends, [one["reason"] for one in found]
    assert ends[-1] in ("promote", "abort", "inconclusive")
    canary = found[-1]["canary"]
    assert (canary["task"], canary["metric"]) == (case.task, case.primary)
    hindered = [one["code"] for one in found[-1]["checks"] if not one["passed"] and not one["optional"]]
    assert (ends[-1] == "promote") == (not hindered)

    change(copy, models={"candidates": [STUMP]})
    worse = copy.slipway("train", *LINE)
    assert worse.returncode == 3, worse.stdout + worse.stderr
    assert case.failing in [one["code"] for one in of_line(copy)[-1]["checks"] if not one["passed"]]
    assert servers(copy) == []


LINE = ("--system", "real", "--size", "small")


def of_line(copy: Copy) -> list[dict[str, Any]]:
    """Every decision on the line, oldest first."""
    found: list[dict[str, Any]] = json.loads(copy.slipway("history", *LINE, "--json").stdout)
    return found


def change(copy: Copy, **sections: dict[str, Any]) -> None:
    """Change keys of sections of the card that `new-system` wrote."""
    path = copy.root / "systems" / "real" / "system.yaml"
    content = yaml.safe_load(path.read_text())
    for section, changes in sections.items():
        content[section] = content.get(section, {}) | changes
    path.write_text(yaml.safe_dump(content, sort_keys=False))
