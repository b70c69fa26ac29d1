"""A version that answers whole tables as it answers clients, in a process of its own; see `version.worker`.

    python -P -m slipway.serving.batch FOLDER      with FOLDER/code first on PYTHONPATH

`{"infer": IN.json, "out": OUT.json}` answers a body of the Open Inference Protocol, of any number of rows.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from slipway.base.digest import sha256
from slipway.serving.inference import Protocol
from slipway.serving.refusal import Refusal
from slipway.serving.served import Served
from slipway.version.answer import Version
from slipway.version.assemble import SCORE
from slipway.version.manifest import MANIFEST, PARITY, Registered
from slipway.version.worker import Worker, main


class Batch(Worker):
    """Keeps the protocol that clients use, without the bound on rows that protects a service from them."""

    def __init__(self, version: Version, folder: Path) -> None:
        super().__init__(version)
        unbounded = version.card.serving.model_copy(update={"max_rows": sys.maxsize})
        card = version.card.model_copy(update={"serving": unbounded})
        # The number is the registry's to know; nobody here asks for it.
        named = Registered(name=card.name, number=0, digest=sha256(folder / MANIFEST))
        sample = pq.read_schema(folder / PARITY)
        columns = sample.remove(sample.get_field_index(SCORE))
        self.protocol = Protocol(Served(replace(version, card=card), named, columns))

    def reply(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command."""
        if "infer" not in command:
            return super().reply(command)
        try:
            answer = self.protocol.infer(Path(command["infer"]).read_bytes())
        except Refusal as error:
            return {"refused": str(error)}
        Path(command["out"]).write_bytes(answer)
        return {"refused": None}


if __name__ == "__main__":
    main(Batch)
