"""From a packaged version to an image by digest: docker writes down how it was called, and its context."""

import json
import os
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.release.context import DOCKERFILE, base_image
from slipway.release.image import INDEX, push_image, reference
from slipway.settings.root import Project
from slipway.version.manifest import Registered
from tests.slipway.root import ROOT
from tests.slipway.tiny import registered, tiny_bento

DIGEST = f"sha256:{'ab' * 32}"
DOCKER = """#!/bin/sh
printf '%s\\n' "$@" > {calls}
for context; do :; done
rm -rf {context} && cp -R "$context" {context}
if [ -e {refused} ]; then echo "ERROR: failed to push: denied" >&2; exit 1; fi
while [ "$1" != --metadata-file ]; do shift; done
cp {metadata} "$2"
"""


def described(kind: str = INDEX, digest: object = DIGEST) -> bytes:
    """What buildx writes down of an image that it pushed."""
    descriptor = {"mediaType": kind, "digest": digest, "size": 856}
    return json.dumps({"containerimage.descriptor": descriptor, "image.name": "r:t"}).encode()


Packaged = tuple[Project, str, Registered]


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """A project with one Bento, in a folder with a space in its name, and the version in it."""
    project, tag = tiny_bento(tmp_path_factory.mktemp("image") / "a project", ROOT)
    shutil.copyfile(ROOT / "bentofile.yaml", project.root / "bentofile.yaml")
    return project, tag, registered(project.root / "version", 7)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker on PATH; the folder holds what it was called with and what it answers."""
    names = ("calls", "context", "refused", "metadata")
    script = DOCKER.format(**{name: shlex.quote(str(tmp_path / name)) for name in names})
    (tmp_path / "docker").write_text(script)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "metadata").write_bytes(described())
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_an_image_is_pushed_with_its_sbom_and_named_by_digest(packaged: Packaged, docker: Path) -> None:
    """The tag is for people; what is handed on is the digest of the index, which covers the SBOM."""
    repository = packaged[0].settings.image_repository
    assert push_image(*packaged) == f"{repository}@{DIGEST}"

    words = (docker / "calls").read_text().splitlines()
    assert words[:2] == ["buildx", "build"]
    assert "--push" in words
    assert "--load" not in words
    options = dict(pairwise(words))
    assert options["--tag"] == f"{repository}:slipway-demo-ad-click-7"
    attested = [after for word, after in pairwise(words) if word == "--attest"]
    assert attested == ["type=sbom", "type=provenance,mode=max"]
    assert f"--build-arg=BASE={base_image(packaged[0].root)}" in words
    assert f"--build-arg=VERSION_DIGEST={packaged[2].digest}" in words
    assert (docker / "context/Dockerfile").read_bytes() == DOCKERFILE.read_bytes()


def test_a_refused_push_is_one_line(packaged: Packaged, docker: Path) -> None:
    """Docker's reason, and where the rest is."""
    (docker / "refused").touch()
    with pytest.raises(
        SlipwayError, match=r"image of .*:7: ERROR: failed to push: denied \(all of it: .*\.log\)"
    ):
        push_image(*packaged)


def test_a_machine_without_docker_says_so(
    packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than hand on an image that is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlipwayError, match=r"image of .*: .*buildx"):
        push_image(*packaged)


@pytest.mark.gate(
    "image.attested",
    fed="an image to which buildx attached no SBOM, or whose digest is none",
    stops="package",
    exit=1,
    reason="the media type or digest found, and the one expected",
    untouched="no reference to sign or to roll out",
)
@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (described(kind="application/vnd.oci.image.manifest.v1+json"), "expected an index with an SBOM"),
        (described(digest="sha256:ab"), "64 hexadecimal digits"),
        (described(digest=f"{DIGEST}\nimage=other"), "64 hexadecimal digits"),
        (described(digest=None), "64 hexadecimal digits"),
    ],
)
def test_what_is_no_attested_image_has_no_reference(
    packaged: Packaged, docker: Path, metadata: bytes, said: str
) -> None:
    """An image without its SBOM is not released by a slip of buildx's settings."""
    (docker / "metadata").write_bytes(metadata)
    with pytest.raises(SlipwayError, match=said):
        push_image(*packaged)


@pytest.mark.parametrize("metadata", [b"", b"{}", b"[]", b'{"containerimage.descriptor": "x"}', b"\xff"])
def test_unreadable_metadata_is_an_error(metadata: bytes) -> None:
    """Whatever buildx wrote."""
    with pytest.raises(SlipwayError, match=r"name no containerimage\.descriptor"):
        reference("r", metadata)
