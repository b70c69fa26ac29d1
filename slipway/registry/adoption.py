"""Vouch for a version that nobody has signed, such as one from before, once somebody has looked at it."""

import json
import tempfile
from pathlib import Path

from slipway.base.digest import sha256
from slipway.base.errors import Refused, SlipwayError
from slipway.base.provenance import now, who
from slipway.base.strict import Strict
from slipway.registry.versions import ADOPTED, Registry
from slipway.version.manifest import MANIFEST, DataRef, verify
from slipway.version.proven import origin_in

SHOWN = 12
"""Digits of a digest that have to be said: enough that no other is found that begins with them by chance."""


class Adoptable(Strict):
    """What would be adopted.

    Attributes:
        unsigned: why it cannot be used as it is; None where it can.
        record: id, moment and author of the record of its registration, which names this digest.
    """

    name: str
    number: int
    digest: str
    unsigned: str | None
    commit: str | None
    clean: bool
    origin: str
    differing: list[str]
    model: str
    data: DataRef
    record: str


def look(registry: Registry, number: int) -> Adoptable:
    """What a version is; its files are hashed, and nothing of them runs or is parsed but its manifest.

    Raises:
        Refused: the record of its registration names another digest.
        SlipwayError: it is not whole, or there is no such record.
    """
    version, chain = registry.get(number), registry.require_intact()
    trained = registry.training_record(number, chain)
    with tempfile.TemporaryDirectory() as temporary:
        folder = registry.fetch(number, Path(temporary))
        found = sha256(folder / MANIFEST) if (folder / MANIFEST).is_file() else "no manifest"
        if not version.digest == trained.version_digest == found:
            raise Refused(
                f"{registry.name} version {number}: registered was {str(trained.version_digest)[:SHOWN]}…, "
                f"the registry says {version.digest[:SHOWN]}…, its manifest is {found[:SHOWN]}…: "
                "it was changed, train anew"
            )  # guard adopt.recorded
        manifest = verify(folder, expected=found)
        origin = origin_in(manifest, registry.line.project.root)
    try:
        registry.vouched(version, chain)
        unsigned = None
    except Refused as error:
        unsigned = str(error)
    return Adoptable(
        name=registry.name,
        number=number,
        digest=found,
        unsigned=unsigned,
        commit=manifest.code.git_commit,
        clean=manifest.code.git_clean,
        origin=str(origin),
        differing=[] if origin.known else list(origin.differing),
        model=f"{manifest.model} ({manifest.kind})",
        data=manifest.data,
        record=f"{trained.id}, {trained.at:%Y-%m-%d %H:%M:%S} by {trained.by}",
    )


def adopt(registry: Registry, found: Adoptable, said: str) -> None:
    """Sign a version by the key of the state folder, and leave a tag with who did so.

    Args:
        found: what `look` found.
        said: the beginning of its digest, as whoever looked at it says it.

    Raises:
        Refused: the registry is a shared one, or another digest was said.
    """
    if not registry.embedded:
        raise Refused(
            f"{registry.where}: a key of this machine vouches for nothing that others use; "
            "run the workflow that signs again, or train anew"
        )  # guard adopt.embedded
    if len(said) < SHOWN or not found.digest.startswith(said):
        raise Refused(
            f"{found.name} version {found.number}: found the digest {found.digest}, expected {said!r}, "
            f"in {SHOWN} digits or more: look at it again"
        )  # guard adopt.digest
    if registry.get(found.number).digest != found.digest:
        raise SlipwayError(f"{found.name} version {found.number} was changed meanwhile; look at it again")
    text = json.dumps({"digest": found.digest, "by": who(), "at": now().isoformat(), "origin": found.origin})
    # Before the signature: one that is killed in between has vouched for nothing.
    registry.client.set_model_version_tag(registry.name, str(found.number), ADOPTED, text)
    registry.sign(found.number, found.digest)
