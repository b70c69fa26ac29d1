"""What is built is called for, by a program that writes down its words; test_images.py really builds."""

import os
import shlex
import shutil
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError, UsageError
from slipway.release.build import build, push
from slipway.release.builders import BUILDERS, builder
from slipway.release.context import base_image, lay_out_pipeline
from slipway.release.images import pipeline_image
from slipway.settings.root import Project
from slipway.version.manifest import digests
from tests.slipway.root import ROOT

DIGEST = f"sha256:{'cd' * 32}"
PROGRAM = """#!/bin/sh
echo "$0 $@" >> {calls}
case "$*" in
  *--output=type=local*)
    for word; do case $word in (--output=*) out="${{word#*dest=}}";; esac; done
    mkdir -p "$out"; echo '{{}}' > "$out/sbom.cdx.json";;
  *{{*) test -e {built} && echo {digest};;
  *push*--digestfile*) echo {digest} > "$3";;
  *"build "*) test -e {refused} && {{ echo "Error: no such base" >&2; exit 125; }}; touch {built};;
esac
exit 0
"""


@pytest.fixture(params=sorted(BUILDERS))
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of the programs alone on PATH; the folder holds what it was called with and what it does."""
    names = {name: shlex.quote(str(tmp_path / name)) for name in ("calls", "built", "refused")}
    place = tmp_path / "bin" / request.param
    place.parent.mkdir()
    place.write_text(PROGRAM.format(digest=DIGEST, **names))
    place.chmod(0o755)
    for tool in ("sh", "mkdir", "touch"):
        (place.parent / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(place.parent))
    return place


def calls(program: Path) -> list[str]:
    """The words of each call."""
    path = program.parent.parent / "calls"
    return path.read_text().splitlines() if path.is_file() else []


def test_an_image_is_built_once_for_what_goes_into_it(program: Path, tmp_path: Path) -> None:
    """By whichever program is there; the second time it is asked for its digest and for nothing else."""
    image = pipeline_image(Project(ROOT))
    first = build(image, builder(), tmp_path / "state")
    assert first.reference == f"{image.repository}@{DIGEST}"
    assert first.sbom.read_text() == "{}\n"
    made = [line for line in calls(program) if " build " in line]
    assert [line.count("--target pipeline") for line in made] == [1, 1]
    assert f"--build-arg=BASE={base_image(ROOT)}" in made[0]
    assert f"--tag {first.name} " in made[0]

    assert build(image, builder(), tmp_path / "state") == first
    assert [line for line in calls(program) if " build " in line] == made
    assert build(image, builder(), tmp_path / "state", fresh=True) == first
    assert "--no-cache" in calls(program)[-3]
    assert push(first, builder(), tmp_path / "state") == first


def test_another_base_is_another_image(program: Path, tmp_path: Path) -> None:
    """A tag names its contents, so no image stands in for another one."""
    bases = [base_image(ROOT), f"docker.io/library/python@{DIGEST}"]
    found = {build(pipeline_image(Project(ROOT), one), builder(), tmp_path / "state").name for one in bases}
    assert len(found) == 2


def test_a_build_that_fails_is_one_line(program: Path, tmp_path: Path) -> None:
    """The program's reason, and where the rest is; no list of packages of what is not there."""
    (tmp_path / "refused").touch()
    with pytest.raises(
        SlipwayError, match=r"image .*:pipeline-.*: Error: no such base \(all of it: .*\.log\)"
    ):
        build(pipeline_image(Project(ROOT)), builder(), tmp_path / "state")
    assert not (tmp_path / "state/images").exists()


@pytest.mark.gate(
    "image.builder",
    fed="a machine without docker, podman and buildah, or one without the program that was asked for",
    stops="package",
    exit=2,
    reason="which did not answer, and which may be there",
    untouched="no image",
)
@pytest.mark.parametrize("asked", [None, "podman", "kaniko"])
def test_nothing_is_built_by_nobody(
    asked: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A docker whose daemon does not answer counts as none."""
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{tmp_path / 'none'}")
    with pytest.raises(UsageError, match=f"no {asked or 'docker or podman or buildah'} answers here"):
        builder(asked)


@pytest.mark.gate(
    "image.base_asked",
    fed="a base that is asked for by its tag alone",
    stops="package",
    exit=2,
    reason="what was found and the form that is expected",
    untouched="no image",
)
@pytest.mark.parametrize("base", ["python:3.11-slim", "", f"x@{DIGEST}\nRUN y"])
def test_a_base_that_is_asked_for_is_named_by_its_digest(base: str) -> None:
    """As in bentofile.yaml."""
    with pytest.raises(UsageError, match=r"--base: found .* expected name@sha256"):
        pipeline_image(Project(ROOT), base)


def test_the_image_of_the_pipelines_holds_what_runs_and_nothing_else(tmp_path: Path) -> None:
    """A project with data, state, a secret and Git's folder beside what is taken."""
    project, context = tmp_path / "project", tmp_path / "context"
    for name in ("bentofile.yaml", "project.yaml", "requirements.txt", "requirements-serving.txt"):
        project.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, project / name)
    kept = [
        "slipway/a/b.py",
        "systems/s/features.py",
        "systems/s/system.yaml",
        "components/c.py",
        "pipelines/p.py",
    ]
    left = [
        ".git/config",
        ".dvc/config.local",
        ".slipway/trust/key",
        "data/rows.py",
        "tests/test_x.py",
        ".env",
    ]
    left += ["systems/s/source/rows.csv", "systems/s/.hidden.py", "slipway/a/__pycache__/b.pyc", "docs/x.py"]
    for name in [*kept, *left, ".dvc/config"]:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    lay_out_pipeline(project, context)

    found = {name.removeprefix("src/") for name in digests(context) if name.startswith("src/")}
    named = {"bentofile.yaml", "project.yaml", "requirements.txt", "requirements-serving.txt", ".dvc/config"}
    assert found == {*kept, *named}
    assert {name for name in digests(context) if "/" not in name} == {
        "Dockerfile",
        "requirements.txt",
        "sbom.py",
    }


@pytest.mark.gate(
    "image.needed",
    fed="a project without one of the files that the image of its pipelines cannot do without",
    stops="package",
    exit=2,
    reason="the file that is missing",
    untouched="no image",
)
def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Before anything is built."""
    for name in ("bentofile.yaml", "project.yaml", "requirements-serving.txt"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    with pytest.raises(UsageError, match=r"requirements\.txt: missing"):
        lay_out_pipeline(tmp_path, tmp_path / "context")
