"""What a server tells beside its answers, and at which port.

Metrics tell anybody how much is asked of which version, and the OpenAPI document names every column. Whoever
may ask for a score need not know either, so the serving port tells nothing unless it is asked to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from slipway.base.errors import SlipwayError

OPEN, METRICS_PORT = "SLIPWAY_OPEN", "SLIPWAY_METRICS_PORT"
METRICS, OPENAPI = "metrics", "openapi"
BOTH = frozenset({METRICS, OPENAPI})


@dataclass(frozen=True)
class Telling:
    """What the environment says.

    Attributes:
        shown: which of `BOTH` the serving port answers.
        metrics_port: where else `/metrics` is answered, None for nowhere.
    """

    shown: frozenset[str] = frozenset()
    metrics_port: int | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read both variables.

        Raises:
            SlipwayError: one has a value that it cannot have.
        """
        shown = frozenset(filter(None, (name.strip() for name in environment.get(OPEN, "").split(","))))
        if unknown := sorted(shown - BOTH):
            raise SlipwayError(f"{OPEN}: {unknown[0]!r}, expected {METRICS}, {OPENAPI} or both with a comma")
        port = environment.get(METRICS_PORT, "")
        if not port:
            return cls(shown)
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
            raise SlipwayError(f"{METRICS_PORT}: {port!r}, expected a port from 1 to 65535")
        return cls(shown, int(port))
