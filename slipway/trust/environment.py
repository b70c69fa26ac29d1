"""What a process that runs somebody's code gets to know: the variables that it needs, and no others."""

import os

from slipway.base.environment import QUIET

NEEDED = frozenset(
    {
        "HOME",
        "LANG",
        "LANGUAGE",
        "LOGNAME",
        "PATH",
        "SHELL",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        # where shared libraries lie, such as OpenMP's
        "DYLD_FALLBACK_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "LD_LIBRARY_PATH",
        # how many threads they take
        "MKL_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        *QUIET,
    }
)
"""Allowed by name: a list of what is secret would miss the next one. Nothing of a job, a cloud or a proxy,
whose address may hold a password; no PYTHON*, which says what code runs: each caller sets its own."""
LOCALE = "LC_"


def bare(**more: str) -> dict[str, str]:
    """The environment for a subprocess: what is NEEDED of this process's, and `more`.

    It keeps no secret from code of the same user that looks for it elsewhere, in `/proc` or in files: that no
    unproven code runs is what defends those.
    """
    known = dict(os.environ)
    _withhold(known)  # guard trust.environment
    return known | more


def _withhold(known: dict[str, str]) -> None:
    for name in [name for name in known if name not in NEEDED and not name.startswith(LOCALE)]:
        del known[name]
