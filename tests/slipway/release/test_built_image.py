"""The image itself, where one can be built: it holds no tools, and its server may write none of it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from slipway.release.bento import bento_path
from slipway.release.context import lay_out_image
from tests.demanded import absent
from tests.slipway.root import ROOT
from tests.slipway.tiny import registered, tiny_bento

BASE = "docker.io/library/python:3.11-slim"
"""Made on this machine; the published image has the base of bentofile.yaml, which only a registry has."""
LIMITS = ["--ulimit", "nofile=1024:1024"]
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


def podman(*words: str) -> subprocess.CompletedProcess[str]:
    """Run podman to its end; skips where there is none."""
    try:
        return subprocess.run(["podman", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        absent("no podman, which builds and runs images without a service")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An image of a tiny version, and the version's digest; gone afterwards."""
    if podman("image", "exists", BASE).returncode != 0:
        absent(f"no {BASE} in podman's store")
    folder, name = tmp_path_factory.mktemp("built"), "localhost/slipway-test-image"
    project, tag = tiny_bento(folder / "project", ROOT)
    version = registered(project.root / "version", 7)
    lay_out_image(bento_path(project, tag), version, folder / "context")
    # Wheels come by this machine's settings of pip, which a build does not see.
    locked = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--python-version", "3.11"]
    lock = str(folder / "context/src/requirements-serving.txt")
    wheels = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        *locked,
        "-r",
        lock,
        "-d",
        str(folder / "wheels"),
    ]
    subprocess.run(wheels, check=True, capture_output=True)
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    mounts = [f"--volume={folder}/wheels:/wheels:ro", f"--volume={folder}/pip.conf:/etc/pip.conf:ro"]
    options = ["--isolation", "chroot", "--network", "host", *LIMITS, *mounts, f"--build-arg=BASE={BASE}"]
    built = podman("build", "--quiet", *options, "--tag", name, str(folder / "context"))
    assert built.returncode == 0, built.stderr
    yield name, version.digest
    podman("image", "rm", "--force", name)
    podman("image", "prune", "--force")


def inside(image: str, script: str) -> list[str]:
    """What a shell prints in a container of it, as its own user."""
    done = podman(*RUN, "--rm", "--entrypoint", "sh", image, "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.long
def test_it_holds_nothing_that_builds_or_installs(image: tuple[str, str]) -> None:
    """No compiler, no git, no uv, no pip, neither as a program nor as a module of any Python in it."""
    assert inside(image[0], f"for name in {TOOLS}; do command -v $name; done; true") == []
    pythons = "for p in /opt/serving/bin/python /usr/bin/python3 /usr/local/bin/python3; do "
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
