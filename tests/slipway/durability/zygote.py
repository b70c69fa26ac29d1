"""A warm process that forks others: each runs one function, watched line by line, and may be killed at one.

Importing what the stages import takes seconds, forking takes milliseconds; what is forked is a process like
any other.
"""

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import sqlalchemy.orm

from tests.slipway.durability.killing.sitecustomize import kill_at, kill_before, watch

WARM = (
    "dvc.repo",
    "lightgbm",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.artifacts",
    "sklearn.linear_model",
    "slipway.report",
    "slipway.serving.served",
    "tests.slipway.durability.litter",
    "tests.slipway.durability.personal",
    "tests.slipway.durability.scenes",
    "tests.slipway.durability.stages",
    "tests.slipway.tiny",
)


def serve() -> None:
    """Answer each request, a line of JSON, with how its process ended."""
    from slipway.base.environment import settle

    settle()
    sys.dont_write_bytecode = (
        True  # here versions are loaded in this process; elsewhere in one that writes none
    )
    for module in WARM:
        importlib.import_module(module)
    sqlalchemy.orm.configure_mappers()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if request["warm"]:
            answers.write(json.dumps(_run(request)) + "\n")
            continue
        child = os.fork()
        if child == 0:
            os._exit(_child(request))
        _, status = os.waitpid(child, 0)
        answers.write(json.dumps(os.waitstatus_to_exitcode(status)) + "\n")


def _child(request: dict[str, Any]) -> int:
    os.setpgid(0, 0)
    return _run(request)


def _run(request: dict[str, Any]) -> int:
    """Run one function; the exit code is that of its error, as a command's."""
    from slipway.base.errors import SlipwayError
    from slipway.cli.faults import one_line

    os.chdir(request["cwd"])
    said = Path(request["said"])
    lines: list[str] = []
    if request["at"] is not None:
        kill_at(request["functions"], request["at"], request["group"])
    elif request["line"] is not None:
        kill_before(request["functions"], request["line"])
    elif request["functions"]:
        watch(request["functions"], lambda file, name, number: lines.append(f"{file}:{name}:{number}"))
    try:
        module, _, name = request["call"].partition(":")
        code, answer = 0, getattr(importlib.import_module(module), name)(*request["arguments"])
    except SlipwayError as error:
        code, answer = error.exit_code, f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - a command tells it so, or has a traceback
        told = one_line(error)
        code, answer = (70, traceback.format_exc()) if told is None else (1, told)
    sys.settrace(None)
    said.write_text(json.dumps({"answer": answer, "lines": lines}))
    return code


if __name__ == "__main__":
    serve()
