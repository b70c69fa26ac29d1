"""Makes the example's data anew and keeps its lock: `python -m tests.slipway.chain.lock`.

To be run where a file changed that is listed in `dvc.yaml`; the project's own lock is renewed by `dvc repro`.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.slipway.chain.conftest import copy_project
from tests.slipway.root import EXAMPLE


def main() -> None:
    """Overwrite the lock, unless a stage fails."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_project(Path(folder))
        done = copy.run("dvc", "repro", "--quiet")
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        shutil.copyfile(copy.root / "dvc.lock", EXAMPLE / "dvc.lock")


if __name__ == "__main__":
    main()
