"""Requests to an application without a network, and the bodies that tests send."""

import asyncio
from typing import Any

import httpx

OPTION = {
    "ad_id": 1,
    "advertiser_id": 0,
    "category": 1,
    "price": 3.5,
    "ad_views": 10,
    "ad_clicks": 1,
    "seen_before": 0,
}
REQUEST = {
    "request_id": 5,
    "time": "2026-01-01T00:30:00Z",
    "user_id": 4,
    "placement": "top",
    "device": "phone",
    "user_views": 4,
}


class Browser:
    """An exception inside the application is raised here, so none passes for an answer."""

    def __init__(self, app: Any) -> None:
        self.transport = httpx.ASGITransport(app)

    def request(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One request, one connection."""

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://app") as client:
                return await client.request(method, path, **content)

        return asyncio.run(send())

    def get(self, path: str) -> httpx.Response:
        """`GET path`."""
        return self.request("GET", path)

    def post(self, path: str, **content: Any) -> httpx.Response:
        """`POST path`."""
        return self.request("POST", path, **content)


def body(*options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """One request with these options; changes replace or add its keys."""
    return {"requests": [REQUEST | {"options": list(options) or [OPTION]} | changes]}


def tensors(rows: int = 2, **changes: Any) -> dict[str, Any]:
    """The request above as `rows` equal rows; a change replaces a tensor, None drops it."""
    kinds = {"time": "BYTES", "placement": "BYTES", "device": "BYTES", "price": "FP64"}
    made = {
        name: {"name": name, "datatype": kinds.get(name, "INT64"), "shape": [rows], "data": [value] * rows}
        for name, value in (REQUEST | OPTION).items()
    }
    return {"inputs": [tensor for tensor in (made | changes).values() if tensor is not None]}
