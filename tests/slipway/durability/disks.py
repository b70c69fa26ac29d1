"""A disk of one folder that can be filled up or made read-only, and be made sound again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.demanded import absent

Fault = Literal["full", "read-only"]
SAYS: dict[Fault, str] = {"full": "No space left on device", "read-only": "Read-only file system"}


@dataclass(frozen=True)
class Disk:
    """A file system in memory, mounted on a folder."""

    folder: Path

    @property
    def filler(self) -> Path:
        """What takes up its space."""
        return self.folder / "filler"

    def spoil(self, fault: Fault) -> None:
        """Fill it to the last byte, or forbid writing."""
        if fault == "read-only":
            self._remount("ro")
            return
        with self.filler.open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def mend(self) -> None:
        """Make it sound."""
        self._remount("rw")
        self.filler.unlink(missing_ok=True)

    def _remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True)


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Put a folder on a disk of its own while the block lasts; its content stays, and so do changes."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        content = Path(temporary) / "content"
        shutil.copytree(folder, content)
        size = 8_000_000 + sum(4096 + path.stat().st_size for path in content.rglob("*"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            absent("only root can mount a disk, and not in every container")
        try:
            shutil.copytree(content, folder, dirs_exist_ok=True)
            yield Disk(folder)
            shutil.rmtree(content)
            shutil.copytree(folder, content)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.copytree(content, folder, dirs_exist_ok=True)
