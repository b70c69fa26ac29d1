"""Spoilt models: each is refused in one line or scores; none ends the process that loads it or keeps it busy.

python -m benchmarks.fuzz_models [seconds] [seed]

Models of every objective are edited as `tests/slipway/models/spoilt.py` says, and loaded by processes that a
model may end. It ends with an error at a process that died, took longer than the deadline for one model, or
raised anything but a refusal. What is at fault is kept and named.
"""

import platform
import random
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import lightgbm

from slipway.models import BINARY, kinds
from tests.slipway.models.rows import ABSOLUTE, CLASSES, SQUARED
from tests.slipway.models.spoilt import saved, spoilt, spoilt_bytes

DEADLINE_S = 60.0
"""For one model; a sound one takes a hundredth of a second."""
OBJECTIVES = {one.name: one for one in (BINARY, SQUARED, ABSOLUTE, CLASSES)}


class Loader:
    """A process that loads models of one kind."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "tests.slipway.models.loading", "checked", kind]
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self.process.stdin is None or self.process.stdout is None:  # Popen was given pipes
            raise RuntimeError("a process without pipes")
        self.told, self.says = self.process.stdin, self.process.stdout
        self._line()

    def verdict(self, folder: Path) -> str:
        """What it says of a model; `died`, or `no answer`."""
        self.told.write(f"{folder}\n".encode())
        self.told.flush()
        return self._line()

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()

    def _line(self) -> str:
        with selectors.DefaultSelector() as selector:
            selector.register(self.says, selectors.EVENT_READ)
            if not selector.select(DEADLINE_S):
                return "no answer"
        return self.says.readline().decode().strip() or f"died with {self.process.poll()}"


def spoil(folder: Path, drawn: random.Random) -> str:
    """Edit one file of a model; its name."""
    path = drawn.choice(sorted(folder.iterdir()))
    if path.suffix == ".txt":
        path.write_text(spoilt(path.read_text(encoding="ascii"), drawn), encoding="utf-8")
    else:
        path.write_bytes(spoilt_bytes(path.read_bytes(), drawn))
    return path.name


def main(seconds: float, seed: int) -> None:
    """Spoil and load until the time is over, then print a table and fail on a fault."""
    drawn = random.Random(seed)  # noqa: S311 - the seed is the point
    counts, faults = Counter[tuple[str, str]](), []
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        sound = [
            (name, saved(name, OBJECTIVES[learned], root / f"{name}-{learned}"))
            for name, one in kinds().items()
            for learned in sorted(one.learns)
        ]
        loaders = {name: Loader(name) for name in kinds()}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            # Most in the text: of the arrays nothing reaches native code but numbers.
            kind, folder = drawn.choice([one for one in sound if one[0] == "boosting"] * 3 + sound)
            copy = Path(shutil.copytree(folder, root / "spoilt", dirs_exist_ok=True))
            file = spoil(copy, drawn)
            said = loaders[kind].verdict(copy)
            counts[file, said if said in ("refused", "scored") else "fault"] += 1
            if said not in ("refused", "scored"):
                kept = shutil.copytree(copy, Path(tempfile.mkdtemp(prefix="fuzz-models-")) / kind)
                faults.append(f"{kept}: {file}: {said}")
                print(faults[-1], flush=True)
                loaders[kind].end()
                loaders[kind] = Loader(kind)
            shutil.rmtree(copy)
        for loader in loaders.values():
            loader.end()
    print(f"LightGBM {lightgbm.__version__}, Python {platform.python_version()}, seed {seed}")
    for (file, said), count in sorted(counts.items()):
        print(f"{file:>14} {said:>8} {count:>8}")
    print(f"{sum(counts.values())} models in {seconds:g} s, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(float(given[0]) if given else 600.0, int(given[1]) if len(given) > 1 else 1)
