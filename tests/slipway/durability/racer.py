"""A process that moves production and waits before every line until it is let go on."""

import json
import os
import sys

from tests.slipway.durability.killing.sitecustomize import watch

FUNCTIONS = ",".join(
    [
        "slipway/rollout/promotion.py:*",
        "slipway/registry/turns/local.py:*",
        "slipway/registry/versions.py:*",
        "slipway/registry/tracking.py:*",
        "slipway/stages/record.py:refusals_kept",
        "slipway/base/atomic.py:*",
        "tests/slipway/durability/scenes.py:FileTarget.*",
        "filelock/_unix.py:UnixFileLock.*",
    ]
)


def serve() -> None:
    """Carry out each decision that comes as a line of JSON; a dot and the place come before each line."""
    from slipway.base.environment import settle
    from slipway.base.errors import SlipwayError
    from tests.slipway.durability.scenes import move

    settle()
    told, asked = os.dup(1), os.dup(0)
    os.dup2(2, 1)

    def line(file: str, _function: str, number: int) -> None:
        os.write(told, f".{file}:{number}\n".encode())
        os.read(asked, 1)

    with os.fdopen(os.dup(asked), "rb", buffering=0) as requests:
        for request in requests:
            watch(os.environ.get("RACER_FUNCTIONS", FUNCTIONS), line)
            try:
                move(*json.loads(request))
                code, said = 0, ""
            except SlipwayError as error:
                code, said = error.exit_code, str(error)
            sys.settrace(None)
            os.write(told, json.dumps([code, said]).encode() + b"\n")


if __name__ == "__main__":
    serve()
