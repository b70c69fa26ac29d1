"""Bodies of requests: read whole and unpacked, within bounds of size, time, number and memory."""

import asyncio
import zlib

from starlette.requests import ClientDisconnect, Request

from slipway.serving.refusal import Refusal

ROW_BYTES = 2048
"""What a row may take on average; parsed, it may need thirty times as much memory."""

LEAST_BODY = 64 * 2**10
"""Bytes of a body that are allowed beyond its rows, however few rows a card allows."""

MAX_WAITING = 256
"""Bodies that are read at once; together they may hold as many bytes as sixteen of the largest."""

IDENTITY, GZIP = "identity", ("gzip", "x-gzip")
"""What `Content-Encoding` may say: not packed, or by the one method that is unpacked."""

SECONDS = 10.0
"""How long a client may take to send a body."""


class Bodies:
    """Reads the bodies of one application, and counts the bytes of them that are in memory."""

    def __init__(self, max_rows: int) -> None:
        self.largest = LEAST_BODY + ROW_BYTES * max_rows
        self.most = 16 * self.largest
        self.held = 0
        self.waiting = 0

    async def read(self, request: Request) -> bytes:
        """Read one body to its end.

        Raises:
            Refusal: it is too large or too slow, packed in another way than gzip, too much is under way
                already, or the client has left.
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
        if self.waiting >= MAX_WAITING:
            # guard serve.waiting
            raise Refusal(429, f"body: {MAX_WAITING} other requests are under way; try again")
        content = bytearray()
        self.waiting += 1
        try:
            async with asyncio.timeout(SECONDS):
                async for chunk in request.stream():
                    content += chunk
                    self.held += len(chunk)
                    self._check(len(content))
        except TimeoutError as error:
            raise Refusal(408, f"body: not whole after {SECONDS:g} s") from error  # guard serve.body_time
        except ClientDisconnect as error:
            raise Refusal(499, "body: the client left before its end") from error  # guard serve.client_left
        finally:
            self.waiting -= 1
            # The caller has the bytes now: one body is parsed at a time.
            self.held -= len(content)
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

    def _check(self, size: int) -> None:
        if size > self.largest:
            raise Refusal(413, f"body: more than {self.largest} bytes")  # guard serve.body_size
        if self.held > self.most:
            # guard serve.body_memory
            raise Refusal(429, f"body: {self.most} bytes of other requests are under way; try again")
