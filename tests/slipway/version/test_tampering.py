"""A version in which anything was changed is neither scored nor registered: the line names the file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from slipway.base.errors import SlipwayError
from slipway.version.manifest import CODE, MANIFEST, Manifest, verify
from slipway.version.process import VersionProcess
from tests.slipway.version.conftest import set_field
from tests.slipway.vouched import proven

TAMPERED = pytest.mark.gate(
    "evaluate.tampered",
    fed="a version of which model, feature state, feature code, card or manifest was changed, or with a file "
    "more, less or linked",
    stops="evaluate",
    exit=1,
    reason="the file, and what is wrong with it; of a champion the same as champion.scored, exit code 3",
    untouched="no process of it started, nothing scored",
    guard=[
        "version.changed_file",
        "version.missing_file",
        "version.linked_file",
        "version.added_file",
        "evaluate.tampered",
    ],
)
STATE = "features.npz"
MODEL = "model/numeric.npy"


def flip(name: str) -> Callable[[Path], object]:
    """One bit of the last byte of a file."""

    def spoil(version: Path) -> None:
        content = (version / name).read_bytes()
        (version / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    return spoil


def link(version: Path) -> None:
    """The same content, elsewhere."""
    (version / MODEL).rename(version.parent / "elsewhere")
    (version / MODEL).symlink_to(version.parent / "elsewhere")


def list_outside(version: Path) -> None:
    """A manifest that lists a file of somebody else, with its digest."""
    shutil.copyfile(version / STATE, version.parent / "elsewhere")
    files = json.loads((version / MANIFEST).read_bytes())["files"]
    set_field(version, "files", files | {"../elsewhere": files[STATE]})


def other_code(version: Path) -> None:
    """A manifest that says another digest of the code."""
    code = Manifest.model_validate_json((version / MANIFEST).read_bytes()).code
    set_field(version, "code", code.model_dump() | {"digest": "0" * 64})


@TAMPERED
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (flip(MODEL), f"{MODEL}: sha256 "),
        (flip(STATE), f"{STATE}: sha256 "),
        (flip("code/systems/ad_click/features.py"), "features.py: sha256 "),
        (flip("code/slipway/version/worker.py"), "worker.py: sha256 "),
        (flip("card.json"), "card.json: sha256 "),
        (flip("parity.parquet"), "parity.parquet: sha256 "),
        (lambda version: (version / MODEL).unlink(), f"{MODEL}: missing; the manifest lists it"),
        (lambda version: (version / MODEL).write_bytes(b""), f"{MODEL}: sha256 "),
        (lambda version: (version / "model/more.npy").touch(), "model/more.npy: not in the manifest"),
        (lambda version: (version / CODE / "numpy.py").touch(), "code/numpy.py: not in the manifest"),
        (link, f"{MODEL}: a link"),
        (list_outside, "manifest.json: files: '../elsewhere' lies outside of the version"),
        (other_code, "manifest.json: code.digest 000000000000…, its files give"),
    ],
)
def test_what_was_changed_is_not_scored(copy: Path, spoil: Callable[[Path], object], said: str) -> None:
    """In one line, before any of its code runs."""
    before = psutil.Process().children(recursive=True)
    spoil(copy)

    with pytest.raises(SlipwayError) as caught, VersionProcess(proven(copy)):
        pytest.fail("it started")

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert psutil.Process().children(recursive=True) == before


def test_a_manifest_that_was_changed_with_its_files_is_refused_by_the_registry(copy: Path) -> None:
    """Whoever can change a file can change the manifest; the registry knows its digest."""
    set_field(copy, "seed", 1)

    with pytest.raises(SlipwayError, match=r"manifest\.json: sha256 .*, the registry says aaaaaaaaaaaa"):
        verify(copy, expected="a" * 64)
