"""Disable one guard in the text of its source file, and change nothing else of it.

A check then passes whatever it found, a `raise` does nothing, and a call for its own sake is not made.
"""

from tests.slipway.proof.guards import Guard

PASSING = b'''

def _passing(made):
    """Added by the mutation proof: the check that was made, as if it had passed."""
    from dataclasses import is_dataclass, replace

    if is_dataclass(made):
        return replace(made, check=_passing(made.check), stops=False)
    return made.model_copy(update={"passed": True, "shown": True})
'''


def disabled(source: bytes, guard: Guard) -> bytes:
    """The source with one guard disabled.

    Raises:
        ValueError: the guard does not stand there any more.
    """
    end = guard.start + len(guard.code)
    if source[guard.start : end] != guard.code:
        raise ValueError(f"{guard}: the file was changed since the guard was found")
    before, after = source[: guard.start], source[end:]
    if guard.builds:
        changed = before + b"_passing(" + guard.code + b")" + after + PASSING
    else:
        changed = before + b"pass" + after
    compile(changed, guard.file, "exec")
    return changed
