"""The image of a version, where one can be built: what it holds, and that its server may write none of it."""

import pytest

from slipway.release.build import Built
from slipway.settings.root import Project
from slipway.version.manifest import Registered
from tests.slipway.release.built import built_version, podman
from tests.slipway.release.inside import RUN, TOOLS, inside, lines, listed, packages
from tests.slipway.root import ROOT
from tests.slipway.tiny import registered, tiny_bento

LARGEST = 500_000_000
"""Bytes of all of it unpacked, on a base that alone takes 422 million."""
WAIT = """
import sys, time, urllib.request
for _ in range(600):
    try:
        sys.exit(urllib.request.urlopen("http://127.0.0.1:8080/v2/health/ready").status != 200)
    except OSError:
        time.sleep(0.1)
sys.exit(1)
"""


Packed = tuple[Project, str, Registered]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """A project with a tiny version as a Bento, its tag, and what is in it."""
    project, tag = tiny_bento(tmp_path_factory.mktemp("built") / "project", ROOT)
    return project, tag, registered(project.root / "version", 7)


@pytest.fixture(scope="module")
def image(packed: Packed) -> Built:
    """The image of it."""
    return built_version(*packed)


@pytest.mark.long
def test_it_holds_nothing_that_builds_or_installs(image: Built) -> None:
    """No compiler, no git, no uv, no pip, neither as a program nor as a module of any Python in it."""
    assert lines(image.name, f"for name in {TOOLS} uv uvx; do command -v $name; done; true") == []
    pythons = "for p in /opt/env/bin/python /usr/bin/python3 /usr/local/bin/python3; do "
    asked = 'for m in pip ensurepip setuptools; do $p -c "import $m" 2>/dev/null && echo $m; done; done; true'
    assert lines(image.name, pythons + asked) == []
    assert lines(image.name, "find /opt -type d -name tests -o -type d -name test -o -name '*.[ch]'") == []


@pytest.mark.long
def test_its_user_owns_and_may_write_nothing(image: Built) -> None:
    """A number that is not root's; version and packages are root's, and no file raises rights."""
    assert lines(image.name, "id -u; id -g") == ["1034", "1034"]
    assert lines(image.name, "find /opt ! -user 0 -o ! -group 0 -o ! -type l -perm /022") == []
    assert lines(image.name, "find / -xdev ! -type l -user 1034 2>/dev/null; true") == []
    assert lines(image.name, "find / -xdev -type f -perm /6000 2>/dev/null; true") == []


@pytest.mark.long
def test_it_is_small(image: Built) -> None:
    """All that a node has to pull and keep, its base included, of which no layer is left."""
    said = podman("image", "inspect", image.name, "--format", "{{.Size}}").stdout
    assert int(said) < LARGEST


@pytest.mark.long
def test_its_list_of_packages_is_true(image: Built) -> None:
    """Beside it and in it; every package whose files lie in it is listed, and no other."""
    assert inside(image.name, "cat /opt/env/sbom.cdx.json") == image.sbom.read_text()
    assert packages(image.name) == listed(image.sbom)
    assert {one.split()[1] for one in listed(image.sbom)} > {"bentoml", "numpy", "libc6", "libgomp1"}


@pytest.mark.long
def test_the_same_version_is_the_same_image(packed: Packed, image: Built) -> None:
    """Built again of nothing that was built before: the digest says what is in it, and not when."""
    assert built_version(*packed, fresh=True) == image


@pytest.mark.long
def test_it_serves_the_version_that_was_asked_for_and_no_other(packed: Packed, image: Built) -> None:
    """Confined as k8s/base has it: no capabilities, a root file system that nobody writes."""
    for asked, status in ((packed[2].digest, 0), ("0" * 64, 1)):
        started = podman(*RUN, "--detach", f"--env=SLIPWAY_VERSION_DIGEST={asked}", image.name)
        assert started.returncode == 0, started.stderr
        container = started.stdout.strip()
        try:
            if status == 0:
                ready = podman("--runtime", "runc", "exec", container, "python", "-c", WAIT)
                assert ready.returncode == 0, podman("logs", container).stderr
            else:
                assert podman("wait", container).stdout.strip() == "1"
                assert "SLIPWAY_VERSION_DIGEST" in podman("logs", container).stderr
        finally:
            podman("rm", "--force", container)
