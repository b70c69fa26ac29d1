"""On a shared registry a signature counts by who made it: a workflow, which has no key to steal."""

import base64
import json
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.trust.keyless import Keyless, Nobody
from slipway.trust.signing import Identity, LocalKey, verified
from tests.slipway.trust.authority import Authority

GITHUB = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/owner/name/.github/workflows/train.yml@refs/heads/main"
CONTENT = b"slipway version\nproject.ad_click\n7\n0123\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One Sigstore."""
    return Authority()


@pytest.fixture
def allowed(authority: Authority, tmp_path: Path) -> Keyless:
    """The workflow, as that Sigstore knows it."""
    return Keyless(GITHUB, WORKFLOW, authority.write_root(tmp_path / "trusted_root.json"))


def test_the_workflow_vouches_for_what_it_signed(authority: Authority, allowed: Keyless) -> None:
    """Offline, by the root of that Sigstore alone, and long after its certificate has ended."""
    signature = authority.sign(CONTENT, WORKFLOW, GITHUB)
    assert verified(CONTENT, signature, allowed) == Identity("keyless", WORKFLOW)


@pytest.mark.gate(
    "trust.keyless",
    fed="on a shared registry: a signature by another workflow, branch, issuer or Sigstore, "
    "of other bytes, by a local key, or one that is cut off",
    stops="package",
    exit=3,
    reason="the identity and the issuer that project.yaml allows, and what Sigstore found",
    untouched="no identity returned",
    guard=["trust.keyless", "trust.keyless_kind"],
)
@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("workflow", "no keyless signature of these bytes by .*SANs do not match"),
        ("branch", "SANs do not match"),
        ("issuer", "issuer"),
        ("sigstore", "no keyless signature of these bytes"),
        ("bytes", "no keyless signature of these bytes"),
        ("local", "signed by local .*, expected https://github.com"),
        ("cut off", "no keyless signature of these bytes"),
        ("no log", "no keyless signature of these bytes"),
        ("certificate", "no keyless signature of these bytes"),
        ("nested", "no keyless signature of these bytes"),
        ("empty", "no keyless signature of these bytes"),
    ],
)
def test_nobody_else_does(
    authority: Authority, allowed: Keyless, tmp_path: Path, case: str, line: str
) -> None:
    """Each in one line."""
    good = authority.sign(CONTENT, WORKFLOW, GITHUB)
    unlogged = json.loads(base64.b64decode(good.rpartition(":")[2]))
    unlogged["verificationMaterial"]["tlogEntries"] = []
    strange = json.loads(base64.b64decode(good.rpartition(":")[2]))
    certificate = strange["verificationMaterial"]["certificate"]
    raw = base64.b64decode(certificate["rawBytes"]).replace(
        b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05", 1
    )
    certificate["rawBytes"] = base64.b64encode(raw).decode()  # X.509 of version 6
    signature = {
        "certificate": f"keyless:sigstore:{base64.b64encode(json.dumps(strange).encode()).decode()}",
        "nested": f"keyless:sigstore:{base64.b64encode(b'[' * 100_000).decode()}",
        "workflow": authority.sign(CONTENT, WORKFLOW.replace("train", "ci"), GITHUB),
        "branch": authority.sign(CONTENT, WORKFLOW.replace("main", "other"), GITHUB),
        "issuer": authority.sign(CONTENT, WORKFLOW, "https://issuer.example.com"),
        "sigstore": Authority().sign(CONTENT, WORKFLOW, GITHUB),
        "bytes": authority.sign(CONTENT.replace(b"7", b"8"), WORKFLOW, GITHUB),
        "local": LocalKey(tmp_path).sign(CONTENT),
        "cut off": good[:-40],
        "no log": f"keyless:sigstore:{base64.b64encode(json.dumps(unlogged).encode()).decode()}",
        "empty": "keyless:sigstore:",
    }[case]

    with pytest.raises(Refused, match=line) as caught:
        verified(CONTENT, signature, allowed)
    assert "\n" not in str(caught.value)


def test_a_root_that_cannot_be_read_is_told(authority: Authority, tmp_path: Path) -> None:
    """As a fault of this machine, not as a signature that is wrong."""
    for content in (None, "", "{}", "[]"):
        path = tmp_path / "root.json"
        if content is not None:
            path.write_text(content)
        with pytest.raises(SlipwayError, match=r"root\.json: cannot be had") as caught:
            verified(CONTENT, authority.sign(CONTENT, WORKFLOW, GITHUB), Keyless(GITHUB, WORKFLOW, path))
        assert not isinstance(caught.value, Refused)


@pytest.mark.gate(
    "trust.policy",
    fed="a signed version of a shared registry, while project.yaml names nobody whose signature counts",
    stops="package",
    exit=3,
    reason="project.yaml: trust: not set",
    untouched="no identity returned",
    guard="trust.policy",
)
def test_where_nobody_is_named_nobody_counts(authority: Authority) -> None:
    """A registry that others write to is not trusted by default."""
    with pytest.raises(Refused, match=r"project\.yaml: trust: not set"):
        verified(CONTENT, authority.sign(CONTENT, WORKFLOW, GITHUB), Nobody())
