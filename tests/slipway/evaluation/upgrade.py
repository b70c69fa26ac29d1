"""Two environments: of a version's lock, and one in which a newer LightGBM gives other numbers.

Both are made by pip from wheels that are made here. They find all else where the tests find it, so that no
wheel of a hundred megabytes is copied.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import lightgbm

ALL_ELSE = Path(lightgbm.__file__).parents[1]
NEWER = f"""
import importlib.util, sys
place = {str(ALL_ELSE / "lightgbm")!r}
spec = importlib.util.spec_from_file_location(
    __name__, place + "/__init__.py", submodule_search_locations=[place]
)
real = sys.modules[__name__] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
predict = real.Booster.predict
real.Booster.predict = lambda *given, **named: predict(*given, **named) * FACTOR
"""
"""A LightGBM that is the installed one, but for what it predicts."""


def wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel of these files, by their path in `site-packages`."""
    about = f"{name}-{version}.dist-info"
    whole = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    whole[f"{about}/RECORD"] = "".join(f"{one},,\n" for one in [*whole, f"{about}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for one, text in whole.items():
            packed.writestr(one, text)
    return path


def all_else(folder: Path) -> Path:
    """A wheel by which an environment finds the packages of the tests behind its own."""
    return wheel(folder, "all_else", "1", {"all_else.pth": f"{ALL_ELSE}\n"})


def lock(*wheels: Path) -> str:
    """A lock of these wheels."""
    lines = []
    for one in wheels:
        name, version, *_ = one.name.split("-")
        hashed = hashlib.sha256(one.read_bytes()).hexdigest()
        lines.append(f"{name}=={version} ; python_full_version >= '3.11' \\\n    --hash=sha256:{hashed}\n")
    return "# of the tests\n" + "".join(lines)


def upgraded(folder: Path, factor: float) -> Path:
    """The interpreter of an environment whose LightGBM predicts so many times what it should."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    newer = wheel(folder, "lightgbm", "99.0", {"lightgbm/__init__.py": NEWER.replace("FACTOR", str(factor))})
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*pip, newer, all_else(folder)], check=True)
    return python
