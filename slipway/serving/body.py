"""Bodies of requests: read whole and unpacked, within bounds of size, time and memory.

How many clients send at once `slipway.serving.connections` bounds. A body that is whole waits for nothing: it
is answered at once, and one at a time. Only those that are not whole are held against each other.
"""

import asyncio
import zlib

from starlette.requests import ClientDisconnect, Request

from slipway.serving.refusal import Refusal

ROW_BYTES = 2048
"""What a row may take on average; parsed, it may need thirty times as much memory."""

LEAST_BODY = 64 * 2**10
"""Bytes of a body that are allowed beyond its rows, however few rows a card allows."""

MOST_LARGEST = 16
"""As many bytes as so many of the largest bodies have may be held of bodies that are not whole."""

IDENTITY, GZIP = "identity", ("gzip", "x-gzip")
"""What `Content-Encoding` may say: not packed, or by the one method that is unpacked."""

SECONDS = 10.0
"""How long a client may take to send a body."""


class Bodies:
    """Reads the bodies of one application, and counts the bytes of those that are not whole."""

    def __init__(self, max_rows: int) -> None:
        self.largest = LEAST_BODY + ROW_BYTES * max_rows
        self.most = MOST_LARGEST * self.largest
        # What has come of each, by its patience; the one that is under way for the longest stands first.
        self.held: dict[asyncio.Timeout, int] = {}

    async def read(self, request: Request) -> bytes:
        """Read one body to its end.

        Raises:
            Refusal: it is too large or too slow, packed in another way than gzip, or the client has left.
        """
        encoding = request.headers.get("content-encoding", IDENTITY).strip().lower()
        if encoding not in (IDENTITY, *GZIP):
            # guard serve.encoding
            raise Refusal(415, f"content-encoding: {encoding[:80]!r}, expected gzip or none")
        # Said in advance, so nothing of it needs to be read; a false length is found while reading.
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.largest:
            # guard serve.body_size
            raise Refusal(413, f"content-length: {declared[:20]} bytes, at most {self.largest}")
        content, patience = bytearray(), asyncio.timeout(SECONDS)
        self.held[patience] = 0
        try:
            async with patience:
                async for chunk in request.stream():
                    content += chunk
                    self._hold(patience, len(content))
        except TimeoutError as error:
            if patience not in self.held:
                # guard serve.body_memory
                raise Refusal(429, "body: the slowest of too many under way; send it at once") from error
            raise Refusal(408, f"body: not whole after {SECONDS:g} s") from error  # guard serve.body_time
        except ClientDisconnect as error:
            raise Refusal(499, "body: the client left before its end") from error  # guard serve.client_left
        finally:
            self.held.pop(patience, None)
        return bytes(content) if encoding == IDENTITY else self._unpacked(bytes(content))

    def _unpacked(self, packed: bytes) -> bytes:
        """A gzip body as it was; no more of it is unpacked than a body may hold."""
        stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            content = stream.decompress(packed, self.largest + 1)
        except zlib.error as error:
            raise Refusal(
                400, f"body: not gzip, as content-encoding says: {error}"
            ) from error  # guard serve.gzip
        if len(content) > self.largest:
            raise Refusal(413, f"body: more than {self.largest} bytes once unpacked")  # guard serve.body_size
        if not stream.eof or stream.unused_data:
            # guard serve.gzip
            raise Refusal(400, "body: not one whole gzip stream, as content-encoding says")
        return content

    def _hold(self, patience: asyncio.Timeout, size: int) -> None:
        """Note how much there is; where all is too much, the patience with the slowest client ends."""
        if size > self.largest:
            raise Refusal(413, f"body: more than {self.largest} bytes")  # guard serve.body_size
        if patience in self.held:
            self.held[patience] = size
        while sum(self.held.values()) > self.most:
            slowest = next(iter(self.held))
            del self.held[slowest]
            slowest.reschedule(asyncio.get_running_loop().time())  # guard serve.body_memory
