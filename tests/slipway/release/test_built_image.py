"""The image itself, where one can be built: it holds no tools, and its server may write none of it."""

import pytest

from tests.slipway.release.built import LIMITS, built_version, podman
from tests.slipway.root import ROOT
from tests.slipway.tiny import registered, tiny_bento

CONFINED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108
"""As in k8s/base."""
RUN = ["--runtime", "runc", "run", "--network", "none", *LIMITS, "--ulimit", "nproc=4096:4096", *CONFINED]
TOOLS = "gcc g++ cc c++ ld make cmake rustc git uv uvx pip pip3 easy_install"
WAIT = """
import sys, time, urllib.request
for _ in range(600):
    try:
        sys.exit(urllib.request.urlopen("http://127.0.0.1:8080/v2/health/ready").status != 200)
    except OSError:
        time.sleep(0.1)
sys.exit(1)
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An image of a tiny version, and the version's digest."""
    project, tag = tiny_bento(tmp_path_factory.mktemp("built") / "project", ROOT)
    version = registered(project.root / "version", 7)
    return built_version(project, tag, version).name, version.digest


def inside(image: str, script: str) -> list[str]:
    """What a shell prints in a container of it, as its own user."""
    done = podman(*RUN, "--rm", "--entrypoint", "sh", image, "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.long
def test_it_holds_nothing_that_builds_or_installs(image: tuple[str, str]) -> None:
    """No compiler, no git, no uv, no pip, neither as a program nor as a module of any Python in it."""
    assert inside(image[0], f"for name in {TOOLS}; do command -v $name; done; true") == []
    pythons = "for p in /opt/env/bin/python /usr/bin/python3 /usr/local/bin/python3; do "
    asked = 'for m in pip ensurepip setuptools; do $p -c "import $m" 2>/dev/null && echo $m; done; done; true'
    assert inside(image[0], pythons + asked) == []


@pytest.mark.long
def test_its_user_owns_and_may_write_nothing(image: tuple[str, str]) -> None:
    """A number that is not root's; every file of the version and of its packages is root's."""
    assert inside(image[0], "id -u; id -g") == ["1034", "1034"]
    assert inside(image[0], "find /opt ! -user 0 -o ! -group 0 -o ! -type l -perm /022") == []
    assert inside(image[0], "find / -xdev ! -type l -user 1034 2>/dev/null; true") == []


@pytest.mark.long
def test_it_serves_the_version_that_was_asked_for_and_no_other(image: tuple[str, str]) -> None:
    """Confined as k8s/base has it: no capabilities, a root file system that nobody writes."""
    name, digest = image
    for asked, status in ((digest, 0), ("0" * 64, 1)):
        started = podman(*RUN, "--detach", f"--env=SLIPWAY_VERSION_DIGEST={asked}", name)
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
