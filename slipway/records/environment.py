"""What a version's numbers depend on beside its own code, and whether it still gives them."""

from typing import Annotated

from pydantic import Field

from slipway.base.strict import Strict

TOLD = 4
"""Packages that a line names."""


class Environment(Strict):
    """Where a version was trained."""

    python: Annotated[str, Field(description="such as 3.11.9")]
    implementation: Annotated[str, Field(description="such as CPython")]
    system: Annotated[str, Field(description="such as Linux")]
    machine: Annotated[str, Field(description="such as x86_64")]
    packages: Annotated[
        dict[str, str],
        Field(description="versions by name: of what its code imports, and of what its lock pins for that"),
    ]
    lock: Annotated[
        str | None, Field(description="sha256 of the lock that the version carries; None: it carries none")
    ]

    def __str__(self) -> str:
        packages = "".join(f", {name} {version}" for name, version in self.packages.items())
        return f"{self.implementation} {self.python} on {self.system} {self.machine}{packages}"

    def differing(self, found: "Environment") -> list[str]:
        """What is otherwise in the environment that was `found`, each as `numpy 2.4.6, kept 2.5.5`."""
        about = ("python", "implementation", "system", "machine")
        pairs = {name: (getattr(self, name), getattr(found, name)) for name in about}
        pairs |= {name: (kept, found.packages.get(name, "absent")) for name, kept in self.packages.items()}
        return [f"{name} {now}, kept {kept}" for name, (kept, now) in pairs.items() if now != kept]


class Parity(Strict):
    """Whether a version gives the scores of the rows that it keeps, asked before it scores others.

    A difference is absolute up to 1 and relative above, as where a version is served.
    """

    rows: Annotated[int, Field(ge=0, description="that it keeps with their scores")]
    tolerance: Annotated[float, Field(gt=0, description="how large a difference may be")]
    here: Annotated[
        float | None,
        Field(description="the largest difference, in the environment of the run; None: unknown"),
    ] = None
    carried: Annotated[
        float | None,
        Field(
            description="the same in the environment that the version carries; None: it was not asked there"
        ),
    ] = None
    differing: Annotated[
        list[str] | None,
        Field(description="what is otherwise here than where it was trained; None: it does not say where"),
    ] = None
    problem: Annotated[
        str | None, Field(description="why nothing is known, or why it was not asked in its own environment")
    ] = None

    @property
    def worst(self) -> float | None:
        """The largest difference where its scores are taken from; None: unknown."""
        return self.here if self.carried is None else self.carried

    @property
    def shown(self) -> bool:
        """Whether it is known."""
        return self.worst is not None

    @property
    def passed(self) -> bool:
        """Whether it is shown to give its scores."""
        return self.worst is not None and self.worst <= self.tolerance

    def __str__(self) -> str:
        if self.here is None and self.carried is None:
            return self.problem or "its kept scores were not asked for"
        where = "here" if self.carried is None else "in the environment that it carries"
        told = f"{self.rows} kept rows {where}, largest difference {self.worst:.2g}"
        if self.passed and self.carried is None:
            return told
        here = "" if self.carried is None else f"; here {_difference(self.here)}"
        why = "" if self.problem is None else f"; {self.problem}"
        return f"{told}{here} ({self._otherwise()}){why}"

    def _otherwise(self) -> str:
        if self.differing is None:
            return "it does not say where it was trained"
        if not self.differing:
            return "no version differs here: a package was changed, install them anew"
        more = len(self.differing) - TOLD
        return "; ".join(self.differing[:TOLD]) + (f" and {more} more" if more > 0 else "")


def _difference(worst: float | None) -> str:
    return "it gives none" if worst is None else f"{worst:.2g}"
