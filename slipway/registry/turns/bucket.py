"""Leases as objects of S3 or of what speaks as it does, written on the condition of their ETag."""

import os
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from slipway.base.addresses import masked
from slipway.base.errors import SlipwayError

TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""Codes of a condition that does not hold."""


class Bucket:
    """An object for each line, below a folder; boto3 finds keys and endpoint as everywhere."""

    def __init__(self, address: str) -> None:
        found = urlsplit(address)
        self.address, self.bucket, self.folder = address.rstrip("/"), found.netloc, found.path.strip("/")

    def where(self, name: str) -> str:
        """Bucket and key."""
        return f"{masked(self.address)}/{name}.json"

    def read(self, name: str) -> tuple[str, str] | None:
        """An object."""
        found = self._asked("get_object", name)
        return None if found is None else (found["ETag"], found["Body"].read().decode())

    def swap(self, name: str, mark: str | None, value: str) -> str | None:
        """Put an object that is not there, or replace one that is as it was seen."""
        condition = {"IfNoneMatch": "*"} if mark is None else {"IfMatch": mark}
        done = self._asked("put_object", name, Body=value.encode(), **condition)
        return None if done is None else str(done["ETag"])

    def _asked(self, call: str, name: str, **more: Any) -> Any:
        """What the server answers, None where the condition does not hold."""
        client, key = self._client, f"{self.folder}/{name}.json".lstrip("/")
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(client, call)(Bucket=self.bucket, Key=key, **more)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in TAKEN:
                return None
            raise SlipwayError(f"{self.where(name)}: no lease to be had: {error}") from error
        except BotoCoreError as error:
            raise SlipwayError(f"{self.where(name)}: no lease to be had: {error}") from error

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
        except ImportError as error:
            raise SlipwayError(
                f"{masked(self.address)}: a lease in object storage needs boto3, add it to pyproject.toml"
            ) from error
        # As MLflow's own client finds it, so that one variable serves both.
        return boto3.client("s3", endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL"))
