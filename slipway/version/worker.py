"""A version answering in a process of its own, by its own code: one JSON command a line, one JSON reply.

    python -P -m slipway.version.worker FOLDER      with FOLDER/code first on PYTHONPATH

`{"score": IN.parquet, "out": OUT.npy}` scores every row.
`{"time": IN.parquet, "start": A, "stop": B}` answers the rows A to B of IN as one request and replies
with the nanoseconds that took.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError
from slipway.version.answer import Version
from slipway.version.manifest import CODE
from slipway.version.origin import require_own_code


class Worker:
    """Keeps the version and the table that it is timed on."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.tables: dict[str, pa.Table] = {}

    def reply(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command."""
        if "score" in command:
            scores = self.version.scores(pq.read_table(command["score"]))
            np.save(command["out"], scores, allow_pickle=False)
            return {"rows": len(scores)}
        table = self._table(command["time"]).slice(command["start"], command["stop"] - command["start"])
        # All rows are options of one request.
        groups = np.zeros(table.num_rows, np.int64)
        # Timed here and not by the parent, which would measure the pipe as well.
        begun = time.perf_counter_ns()
        self.version.answer(table, groups)
        return {"nanoseconds": time.perf_counter_ns() - begun}

    def _table(self, path: str) -> pa.Table:
        # Read once: a table is timed by hundreds of commands.
        if path not in self.tables:
            self.tables[path] = pq.read_table(path)
        return self.tables[path]


def main(make: Callable[[Version, Path], Worker] | None = None) -> None:
    """Answer the commands on standard input until it ends.

    Args:
        make: who answers, from the version and its folder; by default one who knows the two above.
    """
    folder = Path(sys.argv[1])
    # Replies keep the real standard output for themselves.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a system's code prints is no reply
    try:
        require_own_code(folder / CODE)
        version = Version.load(folder)
        worker = Worker(version) if make is None else make(version, folder)
        # Again: loading the version has imported its system, from wherever Python found it.
        require_own_code(folder / CODE)
    except SlipwayError as error:
        sys.exit(f"error: {error}")
    print(json.dumps({"ready": True}), file=replies, flush=True)  # the parent waits for this line
    for line in sys.stdin:
        print(json.dumps(worker.reply(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
