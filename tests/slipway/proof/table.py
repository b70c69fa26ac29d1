"""Every gate as a row: `python -m tests.slipway.proof.table` renews docs/gates.md."""

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.slipway.proof.gates import STAGES, Gate, Malformed, collect

TABLE = Path("docs/gates.md")
HEAD = """# Gates

Every gate and guardrail, in the order of the flow: what a test feeds it, how it ends, what the record or the
error line says, and what the test asserts not to have happened. The exit codes are those of the README; 0 is
a case that is dealt with and ends nothing; three digits are an HTTP status.

This file is generated from the `gate` markers of the tests (`python -m tests.slipway.proof.table`), and a
test holds it against them. `make prove` disables each gate in a copy of this repository, one at a time, and
requires that one of its tests fails. Measured rates and sizes are in [evidence.md](evidence.md).

The service took 400,000 requests that were spoilt byte by byte (`benchmarks/fuzz_service.py`, seeds
1 and 2): none was answered by a 5xx, none hung, and its memory grew by 53 MiB at most.
"""
COLUMNS = ("gate", "what is fed", "exit", "reason", "what did not happen", "tests")


def rendered(gates: list[Gate]) -> str:
    """The whole file: a table for each stage that stops something."""
    sections = [HEAD]
    for stage in STAGES:
        rows = [_row(gate) for gate in gates if gate.row.stops == stage]
        if rows:
            lines = [_line(COLUMNS), _line("---" for _ in COLUMNS), *rows]
            sections.append(f"## {stage}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(sections)


def _row(gate: Gate) -> str:
    row = gate.row
    tests = dict.fromkeys(case.node.split("[")[0] for case in gate.cases)
    links = ", ".join(f"[{test.split('::', 1)[1]}](../{test.split('::', 1)[0]})" for test in tests)
    return _line((f"`{row.name}`", row.fed, str(row.exit), row.reason, row.untouched, links))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def main(out: Path) -> None:
    """Write the table."""
    try:
        found = collect(Path.cwd())
    except Malformed as error:
        sys.exit(str(error))
    out.write_text(rendered(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE)
