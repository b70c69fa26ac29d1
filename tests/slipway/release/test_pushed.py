"""What podman really pushes, to a registry that keeps it."""

import json
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.release.build import Built, push
from slipway.release.builders import BUILDERS
from tests.slipway.release.built import podman
from tests.slipway.release.registry import registry


@pytest.mark.long
def test_what_is_pushed_is_named_as_the_registry_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the digest of the compressed image, which is another than that of podman's store."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    with registry() as store:
        (tmp_path / "registries.conf").write_text(
            f'[[registry]]\nlocation = "{store.host}"\ninsecure = true\n'
        )
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
        name = f"{store.host}/team/demo:one"
        assert podman("build", "-q", "--isolation", "chroot", "-t", name, str(tmp_path)).returncode == 0
        try:
            sbom = tmp_path / "sbom.json"
            pushed = push(Built(name, "", sbom), BUILDERS["podman"], tmp_path / "state")
        finally:
            podman("image", "rm", "--force", name)

        repository, digest = pushed.reference.split("@")
        assert repository == f"{store.host}/team/demo"
        assert store.manifests[digest] == store.manifests["one"]
        layers = json.loads(store.manifests[digest])["layers"]
        assert {one["digest"] for one in layers} <= {*store.blobs}
        with pytest.raises(SlipwayError, match=r"push of .*/team/absent:one: .*\(all of it: .*\.log\)"):
            push(Built(f"{store.host}/team/absent:one", "", sbom), BUILDERS["podman"], tmp_path / "state")
