"""The mutation proof: disable each gate in turn, in a copy, and require that one of its tests fails.

`make prove` calls it. Tests that are `long` run only with `--long`.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

import psutil

from tests.slipway.proof.disable import disabled
from tests.slipway.proof.gates import Gate, Malformed, collect
from tests.slipway.proof.guards import Guard

LIMIT_S = 900
"""Ends a run that hangs; no verdict rests on it."""
NOTICED, SURVIVED, BROKEN = "noticed", "SURVIVED", "BROKEN"


@dataclass(frozen=True)
class Mutant:
    """One guard of one gate, disabled, and the tests that should notice."""

    gate: str
    guard: Guard
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """How a run of pytest ended: its exit status, None if it hung, and what it said."""

    status: int | None
    said: str

    @property
    def failed(self) -> list[str]:
        """The tests that failed; those that could not even begin are not among them."""
        return re.findall(r"^FAILED (.+?)(?: - .*)?$", self.said, re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """What became of a mutant."""

    mutant: Mutant
    verdict: str
    why: str
    seconds: float


def mutants(gates: list[Gate], long: bool) -> tuple[list[Mutant], list[str]]:
    """The mutants to try, and the gates that only long tests prove."""
    found, left = [], []
    for gate in gates:
        tests = tuple(case.node for case in gate.cases if long or not case.long)
        if tests:
            found += [Mutant(gate.row.name, guard, tests) for guard in gate.guards]
        else:
            left.append(gate.row.name)
    return found, left


def copy(root: Path, into: Path) -> Path:
    """Copy what Git tracks or would."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, dict.fromkeys(listed)):
        if (root / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, into / name)
    return into


def python(root: Path, *arguments: str) -> Run:
    """Run Python in a copy, whose own code it finds first; bytecode would outlive a mutant."""
    temporary = Path(f"{root}.tmp")
    temporary.mkdir(exist_ok=True)
    changes = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=root,
        env=os.environ | changes,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            _kill_children(process.pid)
            process.kill()
            return Run(None, f"no end within {LIMIT_S} s")
        except BaseException:
            _kill_children(process.pid)
            process.kill()
            raise
        return Run(process.returncode, said)


def _kill_children(pid: int | None = None) -> None:
    """End all that a process, or this one, has begun: servers lead sessions of their own."""
    for one in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def tested(root: Path, *words: str) -> Run:
    """Run tests in a copy; plugins that were installed beside pytest take longer to load than most tests."""
    try:
        return python(
            root, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--disable-plugin-autoload", *words
        )
    finally:
        _end_servers(root)


def _end_servers(root: Path) -> None:
    """What stops a server may be the very guard that is disabled."""
    for one in psutil.process_iter(["cmdline"]):
        if any(f"{root}.tmp" in word for word in one.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def require_own_code(root: Path) -> None:
    """An installed package must not be tested in place of the copy."""
    found = python(root, "-c", "import slipway; print(slipway.__file__)").said.strip()
    if found != str(root / "slipway" / "__init__.py"):
        raise SystemExit(f"the copy in {root} imports {found}, expected its own code")


def tried(root: Path, mutant: Mutant) -> Result:
    """Disable one guard in a copy, run its tests, put it back."""
    file = root / mutant.guard.file
    sound, begun = file.read_bytes(), time.monotonic()
    file.write_bytes(disabled(sound, mutant.guard))
    try:
        ran = tested(root, "-x", "--tb=no", "-rf", *mutant.tests)
    finally:
        file.write_bytes(sound)
    if ran.status == 1 and ran.failed:
        verdict, why = NOTICED, f"by {ran.failed[0]}"
    elif ran.status == 0:
        verdict, why = SURVIVED, f"{len(mutant.tests)} tests pass without it"
    else:
        verdict, why = BROKEN, f"pytest ended with {ran.status}: {ran.said.strip().splitlines()[-1:]}"
    return Result(mutant, verdict, why, time.monotonic() - begun)


def proved(root: Path, found: list[Mutant], workers: int) -> Iterator[Result]:
    """Try every mutant, several at once in copies of their own, once the tests pass as they are."""
    with tempfile.TemporaryDirectory(prefix="proof-") as temporary:
        places: SimpleQueue[Path] = SimpleQueue()
        copies = [copy(root, Path(temporary).resolve() / f"copy-{number}") for number in range(workers)]
        for place in copies:
            require_own_code(place)
            places.put(place)

        def attempt(mutant: Mutant) -> Result:
            place = places.get()
            try:
                return tried(place, mutant)
            finally:
                places.put(place)

        with ThreadPoolExecutor(workers) as pool:
            hands = dealt(found, workers)
            seconds = sound(
                pool.map(lambda place, tests: tested(place, "--durations=0", *tests), copies, hands)
            )
            try:
                yield from pool.map(attempt, [quickest_first(mutant, seconds) for mutant in found])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                _kill_children()
                raise


def sound(runs: Iterable[Run]) -> dict[str, float]:
    """The seconds that each test took with every gate in place, where all passed."""
    seconds: dict[str, float] = defaultdict(float)
    for ran in runs:
        if ran.status != 0:
            raise SystemExit(f"the tests fail with every gate in place:\n{ran.said}")
        for took, test in re.findall(r"^([\d.]+)s (?:setup|call) +(.+)$", ran.said, re.MULTILINE):
            seconds[test] += float(took)
    return seconds


def quickest_first(mutant: Mutant, seconds: dict[str, float]) -> Mutant:
    """The same mutant; its run ends at the first test that fails."""
    return replace(mutant, tests=tuple(sorted(mutant.tests, key=lambda test: seconds.get(test, 0.0))))


def dealt(found: list[Mutant], workers: int) -> list[tuple[str, ...]]:
    """Every test once, in as many hands as workers or fewer; the tests of one file stay together."""
    tests = dict.fromkeys(test for mutant in found for test in mutant.tests)
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    hands = [set(files[number::workers]) for number in range(min(workers, len(files)))]
    return [tuple(test for test in tests if test.split("::")[0] in hand) for hand in hands]


def main() -> int:
    """Prove every gate of the tree in the working directory; 1 where one is not proven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="run the tests that are long, too")
    parser.add_argument("--only", default="", help="the gates whose name this regular expression finds")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun, root = time.monotonic(), Path.cwd()
    try:
        gates = [gate for gate in collect(root) if re.search(asked.only, gate.row.name)]
    except Malformed as error:
        print(error, file=sys.stderr)
        return 1
    found, left = mutants(gates, asked.long)
    if not gates:
        print(f"no gate's name holds {asked.only!r}", file=sys.stderr)
        return 1
    print(f"{len(gates)} gates, {len(found)} guards to disable, {asked.workers} at once", flush=True)
    results = []
    for result in proved(root, found, asked.workers):
        results.append(result)
        name = f"{result.mutant.gate}  [{result.mutant.guard}]"
        text = f"{result.verdict:>8}  {name}  {result.why}  {result.seconds:.1f} s"
        print(f"{len(results):>4}/{len(found)} {text}", flush=True)
    return concluded(results, left, time.monotonic() - begun)


def concluded(results: list[Result], left: list[str], seconds: float) -> int:
    """Say what was shown, and what was not."""
    failed = [result for result in results if result.verdict != NOTICED]
    print(f"\n{len(results) - len(failed)} of {len(results)} disabled guards were noticed, {seconds:.0f} s")
    if left:
        print(f"only long tests prove {', '.join(left)}; --long runs them")
    for result in failed:
        print(f"{result.verdict}: {result.mutant.gate}: {result.mutant.guard}: {result.why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
