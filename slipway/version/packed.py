"""A registered version as a Bento carries it: its code at the root, the rest in a folder beside it."""

from pathlib import Path

from pydantic import ValidationError

from slipway.base.errors import SlipwayError
from slipway.version.manifest import REGISTERED, Registered, verify

VERSION = "version"


def require_packed(root: Path, expected: str | None) -> Registered:
    """Hold the version and the code at `root` against their digests.

    Args:
        root: the `src` of a Bento.
        expected: the digest of the version that has to be inside, None for any.

    Raises:
        SlipwayError: one of them is not what was registered, or not the version that was `expected`.
    """
    registered = _registered(root / VERSION / REGISTERED)
    if expected is not None and expected != registered.digest:
        raise SlipwayError(
            f"SLIPWAY_VERSION_DIGEST: expected {expected[:12]}…, packaged is {registered.digest[:12]}…"
        )  # guard serve.expected_digest
    # The digest in `registered.json` vouches for the manifest, and the manifest for every other file.
    verify(root / VERSION, code=root, expected=registered.digest)
    return registered


def _registered(path: Path) -> Registered:
    try:
        return Registered.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise SlipwayError(f"{path}: missing; a Bento is made by `slipway package`") from error
    except ValidationError as error:
        raise SlipwayError(f"{path}: not the name, number and digest of a registered version") from error
