"""Writes what an image holds as CycloneDX JSON to standard output; runs while the image is built.

It imports nothing of slipway, for it runs by the image's own Python, and writes no time and no serial
number, for the same packages have to give the same bytes.
"""

import importlib.metadata
import json
import sys
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote

OSI = "License :: OSI Approved :: "


def document(status: str) -> dict[str, Any]:
    """Name every package of this Python's environment and of the system.

    Args:
        status: dpkg's `status` of the system.
    """
    found = [_python(one.metadata) for one in importlib.metadata.distributions()]
    found += [
        _debian(one) for one in map(message_from_string, status.strip().split("\n\n")) if _installed(one)
    ]
    unique = {one["bom-ref"]: one for one in found}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [unique[key] for key in sorted(unique)],
    }


def _python(known: Any) -> dict[str, Any]:
    name = known["Name"].lower().replace("_", "-").replace(".", "-")
    licences = _licences(known)
    return _component(f"pkg:pypi/{name}@{quote(known['Version'], safe='')}", known) | (
        {"licenses": licences} if licences else {}
    )


def _licences(known: Any) -> list[dict[str, Any]]:
    if expression := known["License-Expression"]:
        return [{"expression": expression}]
    named = [one.removeprefix(OSI) for one in known.get_all("Classifier") or [] if one.startswith(OSI)]
    # In old packages the field may hold the whole text.
    plain = (known["License"] or "").strip()
    if not named and plain and "\n" not in plain:
        named = [plain]
    return [{"license": {"name": one}} for one in sorted(named)]


def _installed(known: Message) -> bool:
    return str(known["Status"]).endswith(" installed")


def _debian(known: Message) -> dict[str, Any]:
    version, architecture = quote(known["Version"], safe=""), known["Architecture"]
    return _component(
        f"pkg:deb/debian/{quote(known['Package'], safe='')}@{version}?arch={architecture}", known
    )


def _component(purl: str, known: Any) -> dict[str, Any]:
    name = known["Name"] or known["Package"]
    return {"type": "library", "bom-ref": purl, "name": name, "version": known["Version"], "purl": purl}


if __name__ == "__main__":
    json.dump(document(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.stdout, indent=1, sort_keys=True)
