"""Saved models, and edits of them: single ones by name, and many drawn from a seed."""

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from slipway.models import Objective, predictor
from tests.slipway.models.rows import drawn, labelled, labels

_TOKENS = """0 -1 -0 1 2 3 12 127 128 255 256 2147483647 -2147483648 4294967295 4294967296 99999999999 1e999
-1e308 1e-320 nan inf -inf 0x10 1.5 1. .5 +1 --1 1e 01 _ , [ ] : = ~ Tree=0 null"""
DISLIKED = (*_TOKENS.split(), "\t", "\r", "\x00", "")
"""Tokens that parsers of numbers dislike, or that are an index of something else."""


def saved(kind: str, objective: Objective, folder: Path) -> Path:
    """A small model, saved into a folder that is made for it."""
    train, validation = drawn(400, seed=0), drawn(400, seed=2)
    rows = (labelled(one, labels(one, objective)) for one in (train, validation))
    small = {"rounds": 5, "num_leaves": 7, "min_data_in_leaf": 5, "min_data_per_group": 5}
    folder.mkdir(parents=True)
    trained = predictor(kind).fit(*rows, small if kind == "boosting" else {}, 0, objective)
    trained.save(folder)
    return folder


def edited(text: str, tree: int, key: str, change: Callable[[list[str]], None]) -> str:
    """A model in which the numbers of a line of a tree are changed, with sizes that are true again."""
    head, *blocks = re.split(r"^(?=Tree=)", text, flags=re.MULTILINE)
    lines = blocks[tree].split("\n")
    place = next(place for place, line in enumerate(lines) if line.startswith(f"{key}="))
    tokens = lines[place].removeprefix(f"{key}=").split(" ")
    change(tokens)
    lines[place] = f"{key}={' '.join(tokens)}"
    blocks[tree] = "\n".join(lines)
    return resized("".join([head, *blocks]))


def put(index: int, value: object) -> Callable[[list[str]], None]:
    """Write one number of a line."""

    def change(tokens: list[str]) -> None:
        tokens[index] = str(value)

    return change


def resized(text: str) -> str:
    """A model whose `tree_sizes` are those of its trees, as an edit by hand would mend them."""
    trees, end, rest = text.partition("end of trees")
    blocks = re.split(r"^(?=Tree=)", trees, flags=re.MULTILINE)
    sizes = " ".join(str(len(block)) for block in blocks[1:])
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", blocks[0], flags=re.MULTILINE)
    return head + "".join(blocks[1:]) + end + rest


def spoilt(text: str, random: Random) -> str:
    """A model with one to three edits: of numbers, lines or bytes, mostly with its sizes mended."""
    for _ in range(random.choice((1, 1, 2, 3))):
        text = random.choice((_number, _number, _number, _copied, _line, _bit, _cut))(text, random) or "\n"
    return resized(text) if random.random() < 0.8 else text


def _number(text: str, random: Random) -> str:
    """A number of a tree replaced by a small one, a disliked one, or a neighbour of itself."""
    lines = text.split("\n")
    place = random.choice([place for place, line in enumerate(lines) if "=" in line] or [0])
    key, _, rest = lines[place].partition("=")
    tokens = rest.split(" ")
    at = random.randrange(len(tokens))
    near = str(int(tokens[at]) + random.choice((-1, 1))) if re.fullmatch(r"-?\d+", tokens[at]) else "0.25"
    tokens[at] = random.choice((near, str(random.randint(-8, 8)), random.choice(DISLIKED)))
    lines[place] = f"{key}={' '.join(tokens)}"
    return "\n".join(lines)


def _copied(text: str, random: Random) -> str:
    """Two numbers of a line exchanged, or one written over the other."""
    lines = text.split("\n")
    place = random.choice([place for place, line in enumerate(lines) if " " in line] or [0])
    tokens = lines[place].split(" ")
    one, other = random.randrange(len(tokens)), random.randrange(len(tokens))
    tokens[one], tokens[other] = tokens[other], random.choice((tokens[one], tokens[other]))
    lines[place] = " ".join(tokens)
    return "\n".join(lines)


def _line(text: str, random: Random) -> str:
    """A line taken away, doubled, or moved."""
    lines = text.split("\n")
    line = lines.pop(random.randrange(len(lines)))
    for _ in range(random.randrange(3)):
        lines.insert(random.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def _bit(text: str, random: Random) -> str:
    at = random.randrange(len(text))
    return text[:at] + chr(ord(text[at]) ^ 1 << random.randrange(7)) + text[at + 1 :]


def _cut(text: str, random: Random) -> str:
    """The end cut off, or a piece in the middle."""
    at, to = sorted(random.randrange(len(text) + 1) for _ in range(2))
    return text[:at] + (text[to:] if random.random() < 0.5 else "")


def spoilt_bytes(content: bytes, random: Random) -> bytes:
    """A binary file with one to three edits: bits, bytes, pieces, or the numbers of its headers."""
    for _ in range(random.choice((1, 1, 2, 3))):
        at, to = sorted(random.randrange(len(content) + 1) for _ in range(2))
        kind = random.randrange(6)
        if kind == 0:
            content = content[:at] + content[to:]
        elif kind == 1:
            content = content[:to] + content[at:]
        elif kind == 2:
            found = [one.start() for one in re.finditer(rb"\d", content[:200])]
            place = random.choice(found or [0])
            content = (
                content[:place] + str(random.choice((0, 3, 9, 99, 10**9))).encode() + content[place + 1 :]
            )
        else:
            place, value = random.randrange(len(content) or 1), random.randrange(256)
            content = content[:place] + bytes([value]) + content[place + 1 :]
        content = content or b"\0"
    return content
