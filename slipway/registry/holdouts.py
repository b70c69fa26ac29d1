"""Which candidates were compared with a champion on which rows: each use of a holdout is kept and counted."""

from dataclasses import dataclass
from typing import Any

from filelock import FileLock

from slipway.base.errors import SlipwayError
from slipway.data.overlap import RowSketch
from slipway.registry.model_version import DIGEST
from slipway.registry.tracking import FINGERPRINT, Tracking

ROWS = "slipway.holdout_rows"
PLACE = "slipway.holdout_place"
MOST = 0.5
"""A holdout that shares more of its rows with one that was used counts as it."""


@dataclass(frozen=True)
class Use:
    """One comparison on a holdout, or one that began and was killed.

    Attributes:
        place: of the candidate among those of the holdout; None where its process was killed before it knew.
    """

    run: str
    fingerprint: str
    digest: str
    rows: RowSketch
    place: int | None


class Holdouts(Tracking):
    """The uses of a line's holdouts, each a run of MLflow in an experiment beside that of the line.

    A run is made with its tags in one transaction of MLflow's, so a use is there or not, and is never taken
    back. It is written before anybody counts: of several at a time, whoever counts last sees all others, and
    so the k-th has at least the place k, without a lock. On one machine there is a lock, and the place is k.
    """

    @property
    def experiment(self) -> str:
        """The name of the experiment that holds the uses."""
        return f"{self.name} holdouts"

    def spend(self, fingerprint: str, rows: RowSketch, digest: str) -> int:
        """Count the comparison of a candidate on a holdout; returns its place, 1 for the first candidate.

        A digest keeps its place on all holdouts that share most of their rows, however often it comes.

        Args:
            fingerprint: of the split.
            rows: of its holdout.
            digest: of the candidate.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "holdouts.lock"):
            experiment = self._experiment(self.experiment)
            if (known := self.place(fingerprint, digest)) is not None:
                return known
            tags = {FINGERPRINT: fingerprint, DIGEST: digest, ROWS: rows.text()}
            # Before its figures are known to anybody: who was killed after seeing them has paid.
            made = self.client.create_run(experiment, run_name="holdout", tags=tags)
            place = place_of(digest, rows, self.uses())
            self.client.set_tag(made.info.run_id, PLACE, str(place))
            self.client.set_terminated(made.info.run_id)
        return place

    def place(self, fingerprint: str, digest: str) -> int | None:
        """The place of a candidate on the holdout of a split, None where it was not counted there."""
        places = [
            one.place
            for one in self.uses()
            if (one.fingerprint, one.digest) == (fingerprint, digest) and one.place is not None
        ]
        return min(places, default=None)

    def uses(self) -> list[Use]:
        """All that were ever made.

        Raises:
            SlipwayError: a tag was changed by hand.
        """
        found = self.client.get_experiment_by_name(self.experiment) if self._made else None
        uses: list[Use] = []
        token: str | None = None
        while found is not None and token != "":
            page = self.client.search_runs([found.experiment_id], f"tags.`{ROWS}` != ''", page_token=token)
            uses += map(_use, page)
            token = page.token or ""
        return uses


def place_of(digest: str, rows: RowSketch, uses: list[Use]) -> int:
    """The place of a candidate on a holdout: one more than other candidates were compared on these rows.

    Args:
        uses: of all holdouts of the line.
    """
    shared = [one for one in uses if rows.shared(one.rows) > MOST]
    if known := [one.place for one in shared if one.digest == digest and one.place is not None]:
        return min(known)
    return 1 + len({one.digest for one in shared} - {digest})


def _use(run: Any) -> Use:
    tags = run.data.tags
    place = tags.get(PLACE)
    if place is not None and not (place.isdecimal() and int(place) > 0):
        raise SlipwayError(f"run {run.info.run_id}: the tag {PLACE} is {place!r}, expected 1 or more")
    return Use(
        run=run.info.run_id,
        fingerprint=tags.get(FINGERPRINT, ""),
        digest=tags.get(DIGEST, ""),
        rows=RowSketch.read(tags[ROWS]),
        place=None if place is None else int(place),
    )
