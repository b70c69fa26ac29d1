"""Bodies of requests: read whole, within bounds of size, time and memory."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from slipway.serving.refusal import Refusal

MAX_BODY = 8 * 2**20
MAX_HELD = 128 * 2**20
"""Bytes of all bodies that are under way at once."""

SECONDS = 10.0
"""A client has so long to send a body."""


class Bodies:
    """Reads the bodies of one application, and knows how much of them it holds."""

    def __init__(self) -> None:
        self.held = 0

    async def read(self, request: Request) -> bytes:
        """The whole body.

        Raises:
            Refusal: it is too large or too slow, too much is under way already, or the client has left.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise Refusal(413, f"content-length: {declared[:20]} bytes, at most {MAX_BODY}")
        content = bytearray()
        try:
            async with asyncio.timeout(SECONDS):
                async for chunk in request.stream():
                    content += chunk
                    self.held += len(chunk)
                    self._check(len(content))
        except TimeoutError as error:
            raise Refusal(408, f"body: not whole after {SECONDS:g} s") from error
        except ClientDisconnect as error:
            raise Refusal(499, "body: the client left before its end") from error
        finally:
            self.held -= len(content)
        return bytes(content)

    def _check(self, size: int) -> None:
        if size > MAX_BODY:
            raise Refusal(413, f"body: more than {MAX_BODY} bytes")
        if self.held > MAX_HELD:
            raise Refusal(429, f"body: {MAX_HELD} bytes of other requests are under way; try again")
