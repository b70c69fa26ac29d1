"""Bodies that cost more than their bytes: many small elements, wide maps, deep nests, errors that collect.

A shape is a place in a body of either API and what stands there again and again. `*` in an element is a
number that counts up, so that names differ.
"""

import json

from hypothesis import strategies as st

from tests.slipway.serving.browser import OPTION, REQUEST, body, tensors

INFER, PREDICT = "/v2/models/ad_click/infer", "/predict"
MOST = 2 * 2**20
"""Bytes of the largest body of a card that allows 1,000 rows, but for 64 KiB."""
TENSOR = '{"name": "ad_id", "shape": [1], "datatype": "INT64", '
SOUND = json.dumps(tensors(1))[:-2]
ROW = json.dumps(REQUEST)[:-1]

PLACES = {
    "top": (INFER, "[", "]"),
    "inputs": (INFER, '{"inputs": [', "]}"),
    "more inputs": (INFER, f"{SOUND}, ", "]}"),
    "outputs": (INFER, f'{SOUND}], "outputs": [', "]}"),
    "parameters": (INFER, f'{SOUND}], "parameters": {{', "}}"),
    "parameters of an output": (INFER, f'{SOUND}], "outputs": [{{"name": "rank", "parameters": {{', "}}]}"),
    "parameters of a tensor": (INFER, f'{{"inputs": [{TENSOR} "data": [1], "parameters": {{', "}}]}"),
    "data": (INFER, f'{{"inputs": [{TENSOR} "data": [', "]}]}"),
    "shape": (INFER, '{"inputs": [{"name": "ad_id", "datatype": "INT64", "data": [1], "shape": [', "]}]}"),
    "a key of no use": (INFER, f'{SOUND}], "extra": [', "]}"),
    "requests": (PREDICT, '{"requests": [', "]}"),
    "options": (PREDICT, f'{{"requests": [{ROW}, "options": [', "]}]}"),
    "names in a request": (PREDICT, f'{{"requests": [{ROW}, ', ', "options": []}]}'),
    "names in an option": (
        PREDICT,
        f'{{"requests": [{ROW}, "options": [{json.dumps(OPTION)[:-1]}, ',
        "}]}]}",
    ),
    "a column": (PREDICT, '{"requests": [{"device": [', "]}]}"),
    "an unknown name": (PREDICT, f'{{"requests": [{ROW}, "options": [{json.dumps(OPTION)}], "x": [', "]}]}"),
}
"""By name the path, and what stands before and behind the elements."""
NAMED = "parameters", "parameters of an output", "parameters of a tensor", "names in a request"
NAMED += ("names in an option",)
"""Places of objects, where each element has a name."""

Shape = tuple[str, bytes]
"""A path, and the body that is sent there."""


def filled(place: str, element: str, size: int = MOST) -> Shape:
    """As many elements as fit into a body."""
    path, before, behind = PLACES[place]
    times = (size - len(before) - len(behind)) // (len(element.encode()) + 1 + 4 * element.count("*"))
    each = [element.replace("*", f"{number:05x}") for number in range(times)] if "*" in element else None
    return path, (before + ",".join(each or [element] * times) + behind).encode()


def _named(name: str) -> Shape:
    """A request with one more name."""
    return PREDICT, ('{"requests": [' + ROW + ', "' + name + '": 0, "options": []}]}').encode()


def _encoded(texts: list[str]) -> Shape:
    """Tensors of which one is of base64."""
    declared = {"shape": [len(texts)], "datatype": "BYTES", "parameters": {"content_type": "base64"}}
    device = {"name": "device", "data": texts} | declared
    return INFER, json.dumps(tensors(len(texts), device=device)).encode()


def _text(text: str) -> Shape:
    row = REQUEST | {"device": text, "options": [OPTION]}
    return PREDICT, json.dumps({"requests": [row]}, ensure_ascii=False).encode()


REVIEW = {
    "142 KiB of outputs": (
        INFER,
        json.dumps(tensors(1000) | {"outputs": [{"name": "score"}] * 5_000}, separators=(",", ":")).encode(),
    ),
    "391 KiB of outputs": (
        INFER,
        json.dumps(tensors(1000) | {"outputs": [{"name": "score"}] * 20_000}, separators=(",", ":")).encode(),
    ),
    "inputs of nothing": filled("inputs", "{}"),
    "many parameters": filled("parameters", '"*":{}'),
}
"""What a security review sent."""

SHAPES = REVIEW | {
    "inputs that are lists": filled("inputs", "[]"),
    "inputs without values": filled("more inputs", '{"name":"*","shape":[0],"datatype":"","data":[]}'),
    "inputs with parameters": filled(
        "more inputs", '{"name":"*","shape":[0],"datatype":"","data":[],"parameters":{}}'
    ),
    "inputs of spaces": filled("inputs", "{     }"),
    "inputs that are all wrong": filled("more inputs", "0"),
    "a shape that is all wrong": filled("shape", '"a"'),
    "a shape of lists": filled("shape", "[0]"),
    "data of lists": filled("data", "[]"),
    "data of objects": filled("data", '{"":0}'),
    "data in rows": filled("data", "[0]"),
    "data of digits": filled("data", "0"),
    "data of small numbers": filled("data", "999"),
    "data of fractions": filled("data", "1.5"),
    "data that is all wrong": filled("data", '"a"'),
    "data of many texts": filled("data", '"*"'),
    "a column of lists": filled("a column", "[]"),
    "nested lists": filled("data", "[" * 150 + "]" * 150),
    "nested objects": filled("data", '{"":' * 150 + "0" + "}" * 150),
    "nested objects as dense as allowed": filled("data", '{"":   ' * 60 + "0" + "}" * 60),
    "nested lists as dense as allowed": filled("data", "[  " * 60 + "]" * 60),
    "objects as dense as allowed": filled("an unknown name", '{"":0  }'),
    "requests of nothing": filled("requests", "{}"),
    "requests that are lists": filled("requests", "[]"),
    "options of nothing": filled("options", "{}"),
    "requests of options of nothing": filled("requests", '{"options":[{},{},{},{}]}'),
    "a thousand requests of options": filled("requests", '{"options":[' + ",".join(["{     }"] * 200) + "]}"),
    "options of one name": filled("options", '{"a":1}'),
    "options of names of their own": filled("options", '{"*":1}'),
    "wide request": filled("names in a request", '"*":0'),
    "wide option": filled("names in an option", '"*":0'),
    "wide parameters": filled("parameters", '"*":0'),
    "parameters of an output that are wrong": filled("parameters of an output", '"*":[]'),
    "parameters of a tensor that are wrong": filled("parameters of a tensor", '"*":[]'),
    "names of two characters": _named(
        '":0,"'.join(chr(0x400 + one % 1024) + chr(0x400 + one // 1024) for one in range(230_000))
    ),
    "names that are meant for columns": _named(
        '":0,"'.join("price" + f"{one:017b}".replace("0", " ").replace("1", "-") for one in range(74_000))
    ),
    "one name again and again": filled("names in a request", '"a":0'),
    "a name that Unicode makes long": _named("\ufdfa" * (MOST // 3 - 200)),
    "a name of escapes": _named("\\u0100" * (MOST // 6 - 200)),
    "a name of wide characters": _named("a" * (MOST - 300) + "\U0001f600"),
    "brackets inside of texts": filled("a key of no use", '"[[[[{{{{"'),
    "brackets between quotes": filled("a key of no use", '"","{"'),
    "brackets between quotes and escapes": filled("a key of no use", '"\\\\","{\\""'),
    "a quote that never closes": (INFER, b'["' + b'\\"' * (MOST // 2) + b"{" * 100),
    "a number of 4,000 digits": filled("data", "9" * 4_000),
    "a number of 2 MiB": filled("top", "9" * (MOST - 10)),
    "a fraction of 2 MiB": filled("top", "0." + "1" * (MOST - 10)),
    "exponents": filled("data", "1e999999999"),
    "a long text for a number": filled("data", '"' + "\x7f" * (MOST - 300) + '"'),
    "a long text": _text("\x7f" * (MOST - 1000)),
    "a text of wide characters": _text("a" * (MOST - 1000) + "\U0001f600"),
    "base64": _encoded(["AAAA" * (MOST // 4 - 1000)]),
    "base64 in pieces": _encoded(["YWFh" * 480] * 1000),
    "spaces": (INFER, b" " * MOST),
}
"""Those and their neighbours."""

VALID = {
    "v2, 1,000 rows": (INFER, json.dumps(tensors(1000)).encode()),
    "v2, 1,000 rows of 2 KiB": (
        INFER,
        json.dumps(
            tensors(
                1000,
                device={"name": "device", "shape": [1000], "datatype": "BYTES", "data": ["x" * 1990] * 1000},
            )
        ).encode(),
    ),
    "typed, 1,000 options": (PREDICT, json.dumps(body(*[OPTION] * 1000)).encode()),
    "typed, 1,000 requests of 2 KiB": (
        PREDICT,
        json.dumps({"requests": body(OPTION, device="x" * 1750)["requests"] * 1000}).encode(),
    ),
}
"""The largest that are answered, to compare with."""

ATOMS = ["0", "999", "1.5", '""', '"a"', '"*"', "null", "true", "[]", "{}", "1e9", "NaN", "-0", '"\\u0100"']
elements = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda some: f"[{','.join(some)}]"),
        st.lists(
            st.tuples(st.sampled_from(["", "a", "*", "name", "ad_id", "options", "data"]), inner), max_size=6
        ).map(lambda some: "{" + ",".join(f'"{name}":{value}' for name, value in some) + "}"),
        st.tuples(inner, st.integers(2, 100)).map(lambda deep: "[" * deep[1] + deep[0] + "]" * deep[1]),
        st.tuples(inner, st.integers(2, 100)).map(lambda deep: '{"":' * deep[1] + deep[0] + "}" * deep[1]),
        st.tuples(inner, st.integers(0, 6)).map(lambda wide: wide[0].replace(":", ":" + " " * wide[1])),
    ),
    max_leaves=6,
)


@st.composite
def shapes(draw: st.DrawFn, size: int = MOST) -> Shape:
    """Any element in any place, filled to `size` bytes."""
    place, element = draw(st.sampled_from(sorted(PLACES))), draw(elements)
    if place in NAMED:
        element = f'"{draw(st.sampled_from(["*", "a*", "price *", "a"]))}":{element}'
    return filled(place, element, size)
