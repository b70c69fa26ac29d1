"""A warm process that forks commands: importing MLflow and others takes seconds, forking takes milliseconds.

What is forked is a process like any other in its own folder and environment: it imports the command line
itself, and all of slipway where that folder has one of its own.
"""

import atexit
import importlib
import json
import os
import runpy
import subprocess
import sys
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

PACKAGES = (
    "great_expectations",
    "mlflow.artifacts",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "numpy",
    "pyarrow.parquet",
    "rich.progress",
    "scipy.stats",
    "typer.main",
)


class Request(TypedDict):
    """What to run."""

    arguments: list[str]
    cwd: str
    env: dict[str, str]
    out: str
    err: str


class Commands:
    """Runs commands one after the other."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "-m", __name__]
        self._forker = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` of `python -m slipway` does."""
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        with TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            request = Request(arguments=arguments, cwd=str(cwd), env=env, out=str(out), err=str(err))
            self._forker.stdin.write(json.dumps(request) + "\n")
            self._forker.stdin.flush()
            code = int(self._forker.stdout.readline())
            return subprocess.CompletedProcess(
                arguments, code, out.read_text("utf-8"), err.read_text("utf-8")
            )

    def close(self) -> None:
        """End the process."""
        self._forker.communicate()


def serve() -> None:
    """Answer each request, a line of JSON, with the exit status of its process."""
    from slipway.base.environment import settle

    settle()
    for name in (*PACKAGES, "slipway.cli"):
        importlib.import_module(name)
    _forget("slipway.cli")
    for line in sys.stdin:
        request: Request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(request))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]


def _run(request: Request) -> int:
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    for number, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.argv[1:] = request["arguments"]
    sys.path[0] = request["cwd"]
    if Path("slipway").exists():
        _forget("slipway")
    code = 0
    try:
        runpy.run_module("slipway", run_name="__main__", alter_sys=True)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve()
