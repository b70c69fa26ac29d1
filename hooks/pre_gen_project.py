"""Refuse an answer that could not work, before anything is written."""

import json
import re
import sys
from pathlib import Path

ANSWERS = json.loads({{cookiecutter | jsonify | jsonify}})
# KServe puts `<slug>-predictor-<namespace>` into one label of a host name, which holds 63 characters.
SLUG = r"(?!slipway-mlops$)[a-z]([-a-z0-9]{0,24}[a-z0-9])?"
IMAGE = r"[a-z0-9]+([._-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
LINE = r"[^\x00-\x1f\x7f\x85\u2028\u2029]*\S[^\x00-\x1f\x7f\x85\u2028\u2029]*"

RULES = {
    "project_name": (LINE, "one line of text"),
    "project_slug": (
        SLUG,
        "at most 26 small letters, digits and hyphens, a letter first, no hyphen last, not slipway-mlops",
    ),
    "description": (LINE, "one line of text"),
    "image_repository": (
        IMAGE,
        "a registry and a name in small letters, such as registry.example.com/my-project",
    ),
}

if any(Path().iterdir()):
    sys.exit(f"{Path.cwd().name}: is there and not empty; `slipway update` brings a newer template into it")

for name, (pattern, expected) in RULES.items():
    if not re.fullmatch(pattern, ANSWERS[name]):
        sys.exit(f"{name}: found {ANSWERS[name]!r}, expected {expected}")
