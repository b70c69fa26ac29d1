"""One version as the registry has it, whoever wrote that there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from slipway.records.explained import UNSTAGED, Held
from slipway.registry.kept_records import RECORD, SIGNATURE
from slipway.registry.tracking import FINGERPRINT

DIGEST = "slipway.digest"
BARRED = "slipway.barred"


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry."""

    number: int
    digest: str
    run: str
    barred: str | None
    aliases: tuple[str, ...]
    signature: str | None = None
    fingerprint: str | None = None
    """Of the data that it was trained on, by its tag."""
    source: str = ""
    """The address of its files."""

    @classmethod
    def of(cls, found: Any, twins: Iterable[Any], aliases: Mapping[str, int]) -> Self:
        """The same of what MLflow gives.

        Args:
            twins: the version and those with the same bits, of which one bar bars all.
            aliases: all of the model's.
        """
        number = int(found.version)
        return cls(
            number=number,
            digest=found.tags.get(DIGEST, ""),
            run=str(found.run_id),
            barred=next((twin.tags[BARRED] for twin in twins if BARRED in twin.tags), None),
            aliases=tuple(alias for alias, named in aliases.items() if named == number),
            signature=found.tags.get(SIGNATURE),
            fingerprint=found.tags.get(FINGERPRINT),
            source=str(found.source or ""),
        )


def held(found: Any) -> Held:
    """What the records of a line have to explain of it."""
    about = f"{RECORD}."
    return Held(
        number=int(found.version),
        digest=found.tags.get(DIGEST, ""),
        run=str(found.run_id),
        barred=found.tags.get(BARRED),
        tags={name.removeprefix(about): found.tags[name] for name in found.tags if name.startswith(about)},
        source=str(found.source or ""),
        stage=str(found.current_stage or UNSTAGED),
    )
