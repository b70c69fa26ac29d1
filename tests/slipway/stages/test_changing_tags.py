"""Tags that say something else each time that they are read: what is used is what was vouched for."""

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.registry.adoption import adopt, look
from slipway.registry.kept_records import SIGNATURE
from slipway.registry.model_version import DIGEST
from slipway.registry.versions import Registry
from slipway.stages.package import bento_of
from slipway.stages.register import register
from slipway.trust.signing import verified
from slipway.version.proven import statement
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.test_provenance import NEVER, Attacker

OTHER = "0" * 64


class Changing(Registry):
    """A registry whose tag of the digest somebody changes between two reads of it."""

    says: tuple[str, ...] = ()

    @cached_property
    def _answers(self) -> Iterator[str]:
        return iter(self.says)

    def _versions(self) -> list[Any]:
        """It answers the next digest at each question for a version, and the last one for ever."""
        found = super()._versions()
        for one in found:
            one.tags[DIGEST] = next(self._answers, self.says[-1])
        return found


def changing(desk: Desk, *says: str) -> Registry:
    """The registry of the desk, whose version says one of these digests after the other."""
    found = Changing(desk.registry.line)
    found.says = says
    return found


@pytest.fixture
def good(desk: Desk) -> str:
    """The digest of a version that was registered."""
    assert register(RUN, **desk.files) == 1
    return desk.registry.get(1).digest


@pytest.mark.gate(
    "package.one_reading",
    fed="a version whose files are an attacker's, and whose digest's tag changes between any two reads of it",
    stops="package",
    exit=3,
    reason="what the record of registration names",
    untouched="nothing is proven, and none of its code ran",
    guard="trust.recorded",
)
@pytest.mark.parametrize("turns", [*product((0, 1), repeat=3)])
def test_no_order_of_answers_proves_other_files(
    desk: Desk, good: str, tmp_path: Path, turns: tuple[int, ...]
) -> None:
    """Whichever digest each read gets: the one that is vouched for is the one that its files have to have."""
    Attacker(desk.registry, 1, tmp_path / "elsewhere").change_code(tmp_path / NEVER)
    digests = good, desk.registry.get(1).digest
    registry = changing(desk, *(digests[turn] for turn in turns))

    said = "its record of registration names the digest" if all(turns) else None
    with pytest.raises(SlipwayError, match=said):
        registry.download(1, tmp_path / "out")
    assert not (tmp_path / NEVER).exists()


@pytest.mark.long
def test_what_is_packaged_is_what_was_proven(desk: Desk, good: str) -> None:
    """The Bento and whoever prints it name the digest of its files, not the tag's of before or after."""
    _, found = bento_of(changing(desk, OTHER, good, OTHER), 1)

    assert found.digest == good


def test_what_is_adopted_is_what_was_looked_at(desk: Desk, good: str) -> None:
    """The key signs that digest, even where the tag says another one as it is signed."""
    desk.registry.client.delete_model_version_tag(desk.registry.name, "1", SIGNATURE)
    found = look(desk.registry, 1)
    adopt(changing(desk, good, OTHER), found, good)

    signed = desk.registry.get(1).signature
    assert verified(statement(desk.registry.name, 1, good), signed, desk.registry.allowed).kind == "local"


@pytest.mark.gate(
    "package.digest_digits",
    fed="a version whose digest's tag is no digest, such as one with a line of a job's outputs in it",
    stops="package",
    exit=3,
    reason="the tag, quoted; expected 64 hex digits",
    untouched="no Bento; no line of its own in what is printed",
    guard="version.digest_digits",
)
@pytest.mark.parametrize("more", ["\nimage=evil", "\n", "0", " "])
def test_a_digest_is_64_digits(desk: Desk, good: str, more: str) -> None:
    """What is printed goes to the outputs of a job, where a line is a value."""
    desk.registry.client.set_model_version_tag(desk.registry.name, "1", DIGEST, good + more)

    with pytest.raises(Refused, match=r"its tag slipway\.digest is '.*', expected 64 hex digits"):
        desk.registry.download(1, desk.root / "out")


@pytest.mark.gate("package.digest_digits")
def test_a_digest_with_a_line_break_prints_no_output(desk: Desk, good: str) -> None:
    """One plain line, and nothing where the outputs are."""
    desk.registry.client.set_model_version_tag(desk.registry.name, "1", DIGEST, f"{good}\nimage=evil")
    ran = slipway(desk.root, "package", "--size", "small", "--version", "1")

    assert "expected 64 hex digits" in only_line(ran, 3)
    assert ran.stdout == ""
