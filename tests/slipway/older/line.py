"""A line as the slipway of commit dead32f left it: `line.tar.xz`, which is never made anew.

That slipway trained `version` (the logistic regression of its tests, on 6000 impressions) and measured it;
its stages `register`, `package` and `first` put it into production, and wrote `registered.json`,
`first.json`, a report of each, and `traffic.json`. Its documents have `schema_version` 1, its modules lay
elsewhere, and it knew neither tasks nor when outcomes became known.
"""

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from slipway.registry.kept_records import RECORD, RECORDS
from slipway.registry.versions import Registry
from slipway.stages.package import package
from slipway.stages.record import REPORT_FILE
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.stages.packaged import RUN, Packaged, packaged
from tests.slipway.tiny import impressions, tiny_version

ARCHIVE = Path(__file__).with_name("line.tar.xz")
DECISIONS = ("registered", "first")
OLDER, NEWER = 1, 2


def unpacked(out: Path) -> Path:
    """The older line, in a folder."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(out, filter="data")
    return out


def upgraded(root: Path) -> Packaged:
    """A project of today with the older line as it was, and beside it a version that was registered since."""
    older = unpacked(root.parent / "older")
    project = packaged(root, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        _restore(project.registry, older)
        _register_newer(project.registry, root.parent / "newer")
        project.bentos.update({number: package(RUN, number) for number in (OLDER, NEWER)})
    project.line.traffic.parent.mkdir(exist_ok=True)
    shutil.copyfile(older / "traffic.json", project.line.traffic)
    return project


def _restore(registry: Registry, older: Path) -> None:
    """What the older registry held; the records say the same but for the ids of their MLflow runs."""
    for decision in DECISIONS:
        content = json.loads((older / f"{decision}.json").read_bytes())
        run = registry.start_run("training", RUN.id, RUN.fingerprint)
        if decision == "registered":
            assert registry.register(run, older / "version") == OLDER
        kept = older / f"{content['id']}.json"
        kept.write_text(json.dumps(content | {"run": run}))
        registry.client.set_tag(run, RECORD, content["id"])
        registry.client.log_artifact(run, str(kept), RECORDS)
        registry.log_text(run, older / f"{decision}.html", REPORT_FILE)
        registry.end_run(run)
    registry.point("production", OLDER)


def _register_newer(registry: Registry, folder: Path) -> None:
    tiny_version(ROOT, folder, "logistic", rows=impressions(12_000))
    run = registry.start_run("training", RUN.id, RUN.fingerprint)
    assert registry.register(run, folder) == NEWER
    after: dict[str, object] = {"id": "20270101T000000000-r", "decision": "registered", "version": NEWER}
    after["version_digest"] = registry.get(NEWER).digest
    registry.keep(sample.record(**after, replaced=OLDER, run=run, canary=None, size="small"), folder.parent)
