"""A body as Python objects, within a bound of memory whatever its shape: what is too dense is not parsed."""

from typing import Any

import numpy as np
from pydantic_core import from_json

from slipway.serving.refusal import Refusal

FREE = 2**15
"""How many lists any body may have, however short it is."""


def parsed(content: bytes, max_rows: int, status: int) -> Any:
    """What JSON says.

    CPython needs 200 bytes for an object of one key and 100 for a list of one value, which JSON writes in
    five and in two. With one list to four bytes, one object to eight, parsing takes less than 30 times the
    body. No sound body is denser, but for options of nothing (`{}`), which are as few as rows.

    Args:
        max_rows: how many rows a body may have.
        status: of a body that is not JSON.

    Raises:
        Refusal: it has more lists and objects than that, or is not JSON.
    """
    allowed = FREE + 2 * max_rows + len(content) // 4
    # Those inside of texts do not count; mostly all of them together are few enough.
    if 2 * content.count(b"{") + content.count(b"[") > allowed and (found := _lists(content)) > allowed:
        # guard serve.dense
        raise Refusal(413, f"body: {found} lists and objects, which count twice; at most {allowed} are taken")
    try:
        return from_json(content)
    except ValueError as error:
        raise Refusal(status, f"body: Invalid JSON: {error}") from error


def _lists(content: bytes) -> int:
    """How many lists and objects there are, an object counting as two.

    It is right up to the first byte that no JSON has, and no parser comes further.
    """
    unescaped = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    signs = np.frombuffer(unescaped, np.uint8)
    outside = signs[~np.logical_xor.accumulate(signs == ord('"'))]
    return int(2 * np.count_nonzero(outside == ord("{")) + np.count_nonzero(outside == ord("[")))
