"""What BentoML serves: `slipway.serving.service:Service`, from a Bento that holds a version whole."""

import os
import sys
from pathlib import Path
from typing import Any

import bentoml

from slipway.base.errors import SlipwayError
from slipway.serving import connections
from slipway.serving.served import load
from slipway.version.origin import require_own_code
from slipway.version.packed import require_packed

ROOT = Path(__file__).resolve().parents[2]
"""The Bento's `src`, where its code and, in `version/`, the rest of the version lie."""

EXPECTED = "SLIPWAY_VERSION_DIGEST"
"""Whoever deploys names the digest of the version that must be inside."""


class _Mounted:
    """BentoML mounts an application on import; ours exists once the version is loaded."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


mounted = _Mounted()
connections.use()


@bentoml.service(
    traffic={"timeout": 30},  # how many may wait is bounded where it is counted: `slipway.serving.body`
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": [".*"]},
)
@bentoml.asgi_app(mounted)
class Service:
    """One version, loaded and proven before the first request."""

    def __init__(self) -> None:
        try:
            mounted.app = _application(ROOT, _expected())
        except Exception as error:  # noqa: BLE001 - uvicorn turns any at this point into exit code 0
            kind = "" if isinstance(error, SlipwayError) else f"{type(error).__name__}: "
            print(f"error: {kind}{error}", file=sys.stderr, flush=True)
            os._exit(1)

    @bentoml.on_deployment  # type: ignore[untyped-decorator]  # mypy does not follow bentoml
    @staticmethod
    def prove() -> None:
        """Check the files before `bentoml serve` starts workers, which it would start again and again.

        Parity with training is proven by each worker, for it takes the model to be loaded.
        """
        try:
            require_packed(ROOT, _expected())
        except (SlipwayError, OSError, ValueError) as error:
            sys.exit(f"error: {error}")


def _expected() -> str:
    """The digest that whoever deploys has named: an image cannot vouch for itself."""
    found = os.environ.get(EXPECTED)
    if not found:
        raise SlipwayError(
            f"{EXPECTED}: not set, expected the digest of the version to serve; `slipway package` prints it"
        )  # guard serve.named_digest
    return found


def _application(root: Path, expected: str | None) -> Any:
    from slipway.serving.app import build
    from slipway.serving.warm import check_parity, freeze

    require_own_code(root)
    served = load(root, expected)
    # Again: loading the version has imported its system.
    require_own_code(root)
    check_parity(served, root)
    app = build(served)
    freeze()
    return app
