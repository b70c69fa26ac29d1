"""A table of real rows, from `new-system` to a decision on traffic: ratings as numbers and as classes, and incomes."""

import csv
import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.slipway.chain.conftest import Copy, copy_project
from tests.slipway.chain.test_demo import decisions, servers
from tests.slipway.reference import reference

pytestmark = pytest.mark.long

MOVIELENS = "movielens-latest-small"
ADULT = (
    "age,workclass,weight,education,years,marital,occupation,relation,race,sex,gain,loss,hours,country,income"
)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A project without a system."""
    return copy_project(tmp_path)


def ratings(folder: Path, rows: int) -> Path:
    """The newest ratings, each with the year and the first genre of its film; in no order of time.

    Most people rate on one evening, so a split by time asks for people whom nobody knows.
    """
    place = reference(f"{MOVIELENS}/ratings.csv.gz")
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
