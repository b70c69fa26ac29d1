"""Compile the pipelines: `python -m tests.pipelines.golden` renews the golden files."""

from pathlib import Path

NAMES = ("training", "rollout")
GOLDEN = Path(__file__).parent / "golden"


def compiled(name: str, out: Path) -> Path:
    """Compile one pipeline into a folder."""
    from importlib import import_module

    from kfp.compiler import Compiler

    path = out / f"{name}.yaml"
    Compiler().compile(getattr(import_module(f"pipelines.{name}"), name), str(path))
    return path


if __name__ == "__main__":
    for each in NAMES:
        compiled(each, GOLDEN)
