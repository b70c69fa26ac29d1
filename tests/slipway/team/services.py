"""PostgreSQL, a server that speaks S3, and MLflow's own server on both; each runs while a block lasts."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
import httpx
import psutil
import psycopg

from tests.demanded import absent

PATIENCE_S = 120.0
BUCKET = "team"
USER = {
    "MLFLOW_TRACKING_USERNAME": "admin",
    "MLFLOW_TRACKING_PASSWORD": "a password of a test",  # pragma: allowlist secret
}
KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",  # pragma: allowlist secret
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""Any do, for a server of the test's own."""


@contextmanager
def postgres() -> Iterator[str]:
    """A server of its own; its URL, to which the name of a database is added."""
    binary = shutil.which("postgres") or max(glob.glob("/usr/lib/postgresql/*/bin/postgres"), default=None)  # noqa: PTH207
    if binary is None:
        absent("PostgreSQL, apt install postgresql: no registry of a team was tried")
    bin_, port = Path(binary).resolve().parent, free_port()
    with tempfile.TemporaryDirectory(prefix="slipway-postgres-") as temporary:
        # It refuses to run as root.
        user = "nobody" if os.geteuid() == 0 else None
        if user is not None:
            os.chown(temporary, pwd.getpwnam(user).pw_uid, -1)
        folder = str(Path(temporary) / "data")
        made = [
            str(bin_ / "initdb"),
            "-D",
            folder,
            "-U",
            "slipway",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run([*made, "--locale=C"], check=True, capture_output=True, user=user, cwd="/")
        options = [f"port={port}", f"unix_socket_directories={temporary}", "fsync=off", "max_connections=40"]
        command = [str(bin_ / "postgres"), "-D", folder, *(word for one in options for word in ("-c", one))]
        url = f"postgresql://slipway@127.0.0.1:{port}"
        with running(command, Path("/"), {}, lambda: _connects(f"{url}/postgres"), user):
            yield url


def new_database(url: str, name: str) -> str:
    """Make an empty database, or make it empty again; its URL."""
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{url}/{name}"


@contextmanager
def objects() -> Iterator[str]:
    """A server that speaks S3, with one bucket; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, Path.cwd(), {}, lambda: _answers(f"{url}/moto-api/data.json")):
        boto3.client("s3", endpoint_url=url, **_keys()).create_bucket(Bucket=BUCKET)
        yield url


def _keys() -> dict[str, str]:
    return {
        "aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"],
        "region_name": KEYS["AWS_DEFAULT_REGION"],
    }


@contextmanager
def tracking(folder: Path, database: str, store: str, *options: str, **variables: str) -> Iterator[str]:
    """MLflow's server with one worker; its URL.

    Args:
        folder: takes what it writes beside its stores.
        store: the URL of the server that speaks S3.
        options: of `mlflow server`.
        variables: more of its environment.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    named = database.replace("postgresql://", "postgresql+psycopg://")
    environment = KEYS | {
        "MLFLOW_S3_ENDPOINT_URL": store,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with running(
        [*command, "--workers", "1", "--backend-store-uri", named, *options],
        folder,
        environment | variables,
        lambda: _answers(f"{url}/health"),
    ):
        yield url


@contextmanager
def running(
    command: list[str],
    cwd: Path,
    variables: Mapping[str, str],
    ready: Callable[[], bool],
    user: str | None = None,
) -> Iterator[None]:
    """Run a server while the block lasts, once it is ready; it ends with all of its processes."""
    with tempfile.TemporaryFile("w+b") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise AssertionError(f"{command[:4]}: {log.read().decode()[-2000:]}")
                time.sleep(0.1)
            yield
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """A group of processes that the test has started: kindly first."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family += [found := psutil.Process(process.pid), *found.children(recursive=True)]
    for one in reversed(family):
        with suppress(psutil.NoSuchProcess):
            one.terminate()
    for one in psutil.wait_procs(family, timeout=10)[1]:
        one.kill()
    process.wait(timeout=10)


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def free_port() -> int:
    """One that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
