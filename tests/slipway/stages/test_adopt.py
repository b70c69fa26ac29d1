"""A version from before versions were signed is used again once somebody has looked at it."""

import json
from pathlib import Path

import pytest

from slipway.registry.versions import ADOPTED, SIGNATURE
from slipway.stages.register import register
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.test_provenance import NEVER, Attacker

ADOPT = pytest.mark.gate(
    "package.adopt",
    fed="adopting a version by a look alone, by another digest or a shorter one, one that was changed since "
    "its registration, or one of a shared registry",
    stops="package",
    exit=3,
    reason="the digest that was found, or what was registered and what the registry holds now",
    untouched="no signature, no tag; nothing of the version ran",
    guard=["adopt.asked", "adopt.digest", "adopt.recorded", "adopt.embedded"],
)


@pytest.fixture
def old(desk: Desk) -> Desk:
    """A version that nobody signed, staged."""
    assert register(RUN, **desk.files) == 1
    desk.registry.client.delete_model_version_tag(desk.registry.name, "1", SIGNATURE)
    return desk


@pytest.mark.long
def test_it_is_adopted_after_a_look(old: Desk) -> None:
    """Status names it before, and no longer afterwards; who adopted it stays with it."""
    digest = old.registry.get(1).digest
    assert "version 1: not signed; `slipway adopt-version 1`" in status(old)
    looked = slipway(old.root, "adopt-version", "1", "--size", "small")
    assert looked.returncode == 3
    assert looked.stderr.strip().endswith(f"slipway adopt-version 1 --digest {digest[:12]}")
    for words in (
        f"digest:     {digest}",
        "code:       dirty: in no commit",
        "differs:    requirements-serving.txt",
    ):
        assert words in looked.stdout
    done = slipway(old.root, "adopt-version", "1", "--size", "small", "--digest", digest[:12])

    assert done.returncode == 0, done.stderr
    tag = json.loads(old.registry.client.get_model_version(old.registry.name, "1").tags[ADOPTED])
    assert tag.keys() == {"digest", "by", "at", "origin"}
    assert old.registry.vouched(old.registry.get(1)).kind == "local"
    assert status(old) == ""
    again = slipway(old.root, "adopt-version", "1", "--size", "small")
    assert (again.returncode, again.stderr) == (0, "signed already; nothing to do\n")


def status(desk: Desk) -> str:
    """What `slipway status` finds wrong, traffic apart."""
    found = json.loads(slipway(desk.root, "status", "--json").stdout)
    return "".join(problem for one in found for problem in one["problems"])


@ADOPT
@pytest.mark.parametrize("words", [[], ["--digest", "0" * 12], ["--digest", "{8}"], ["--digest", ""]])
def test_a_look_signs_nothing(old: Desk, words: list[str]) -> None:
    """Nor does a digest that is not that of what was looked at."""
    said = [word.replace("{8}", old.registry.get(1).digest[:8]) for word in words]
    ran = slipway(old.root, "adopt-version", "1", "--size", "small", *said)

    assert ran.returncode == 3
    assert old.registry.get(1).signature is None
    assert ADOPTED not in old.registry.client.get_model_version(old.registry.name, "1").tags


@ADOPT
@pytest.mark.parametrize("hidden", [True, False])
def test_what_was_changed_is_not_adopted(old: Desk, tmp_path: Path, hidden: bool) -> None:
    """Its record of registration names another digest, whether or not the tag was changed, too."""
    registered = old.registry.get(1).digest
    attacker = Attacker(old.registry, 1, tmp_path / "elsewhere")
    attacker.change_code(tmp_path / NEVER)
    if hidden:
        attacker.tag("slipway.digest", registered)
    ran = slipway(old.root, "adopt-version", "1", "--size", "small", "--digest", old.registry.get(1).digest)

    assert f"registered was {registered[:12]}…, the registry says" in only_line(ran, 3)
    assert old.registry.get(1).signature is None
    assert not (tmp_path / NEVER).exists()
