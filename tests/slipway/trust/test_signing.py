"""A signature counts for these bytes and this key, and for nothing else."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.trust.signing import Identity, LocalKey, verified
from tests.slipway.root import ROOT

CONTENT = b"slipway version\nsomething 7\n"
SIGNED = pytest.mark.gate(
    "trust.signature",
    fed="no signature, one of other bytes, of another key or of an unknown kind, or one that was cut off",
    stops="evaluate",
    exit=3,
    reason="who signed, and whose signature was expected",
    untouched="no identity returned",
    guard=["trust.signed", "trust.local_key", "trust.signature"],
)


def test_the_own_key_vouches_for_what_it_signed(tmp_path: Path) -> None:
    """Also after it was read again; the text is one line that names kind and key."""
    signature = LocalKey(tmp_path).sign(CONTENT)
    again = LocalKey(tmp_path)

    assert signature.startswith(f"local:{again.identity}:")
    assert signature.isascii()
    assert "\n" not in signature
    assert verified(CONTENT, signature, again) == Identity("local", again.identity)


def test_nobody_but_its_owner_reads_the_key(tmp_path: Path) -> None:
    """From its first moment."""
    key = LocalKey(tmp_path)
    assert key.sign(CONTENT)
    assert stat.S_IMODE(key.path.stat().st_mode) == 0o600
    assert [one.name for one in key.path.parent.iterdir() if one.suffix == ".part"] == []


def test_looking_makes_no_key(tmp_path: Path) -> None:
    """A state folder that signed nothing vouches for nothing."""
    signature = LocalKey(tmp_path / "one").sign(CONTENT)
    with pytest.raises(Refused, match="which has none yet"):
        verified(CONTENT, signature, LocalKey(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


@SIGNED
def test_every_other_signature_is_refused(tmp_path: Path) -> None:
    """Each in one line."""
    own, other = LocalKey(tmp_path / "own"), LocalKey(tmp_path / "other")
    good, foreign = own.sign(CONTENT), other.sign(CONTENT)
    value = foreign.rpartition(":")[2]
    refused = {
        None: "not signed",
        "": "not signed",
        foreign: f"signed by local {other.identity}, expected this state folder's, {own.identity}",
        f"local:{own.identity}:{value}": "is not of these bytes",
        own.sign(CONTENT + b"x"): "is not of these bytes",
        good[:-4]: "is not of these bytes",
        f"{good}é": "is not of these bytes",
        f"local:{own.identity}:": "is not of these bytes",
        base64.b64encode(CONTENT).decode(): "an unknown kind of signature",
        f"none:{own.identity}:{value}": "an unknown kind of signature",
        f"keyless:{own.identity}:{value}": "signed by keyless",
    }
    for signature, line in refused.items():
        with pytest.raises(Refused, match=line) as caught:
            verified(CONTENT, signature, own)
        assert "\n" not in str(caught.value)


@pytest.mark.gate(
    "trust.key_mode",
    fed="a key in the state folder that others on the machine may read",
    stops="register",
    exit=3,
    reason="the file, its mode, 0600",
    untouched="nothing signed",
    guard="trust.key_mode",
)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path, mode: int) -> None:
    """As with ssh."""
    signature = LocalKey(tmp_path).sign(CONTENT)
    LocalKey(tmp_path).path.chmod(mode)
    with pytest.raises(Refused, match=f"mode {mode:04o}, expected 0600"):
        LocalKey(tmp_path).sign(CONTENT)
    with pytest.raises(Refused, match="expected 0600"):
        verified(CONTENT, signature, LocalKey(tmp_path))


BEGUN = b"-----BEGIN PRIVATE KEY-----\n"  # pragma: allowlist secret


@pytest.mark.parametrize("content", [b"", b"no key", BEGUN])
def test_a_damaged_key_is_told_and_kept(tmp_path: Path, content: bytes) -> None:
    """Another in its place would unsign all that was signed."""
    key = LocalKey(tmp_path)
    assert key.identity
    key.path.write_bytes(content)
    with pytest.raises(SlipwayError, match=r"key\.pem: not a private key in PEM"):
        LocalKey(tmp_path).sign(CONTENT)
    assert key.path.read_bytes() == content


def test_two_that_make_the_key_at_once_have_one(tmp_path: Path) -> None:
    """Neither signs with a key that the other replaced."""
    line = (
        "import sys; from pathlib import Path; from slipway.trust.signing import LocalKey; "
        "sys.stdin.read(); print(LocalKey(Path(sys.argv[1])).sign(b'x'))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", line, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for _ in range(4)
    ]
    signatures = {one.communicate()[0].strip() for one in started}
    assert len(signatures) == 1
    assert verified(b"x", signatures.pop(), LocalKey(tmp_path)).kind == "local"
