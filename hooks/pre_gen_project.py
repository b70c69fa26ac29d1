"""Refuse an answer that could not work, before anything is written."""

import json
import re
import sys
from pathlib import Path

# Twice: JSON, and that as a string of Python's.
ANSWERS = json.loads({{cookiecutter | jsonify | jsonify}})
QUESTIONS = json.loads((Path(ANSWERS["_repo_dir"]) / "cookiecutter.json").read_text(encoding="utf-8"))

# A replay takes what `pre_prompt` found out from its file too, and the template from where it is now.
if any(ANSWERS.get(name) != QUESTIONS[name] for name in QUESTIONS if re.match("_[^_]", name)):
    sys.exit("the replayed answers are of another state of the template; answer anew, or check that one out")

# Also with `--overwrite-if-exists`, which people give by habit: their systems would go.
if any(Path().iterdir()):
    sys.exit(f"{Path.cwd().name}: is there and not empty; `slipway update` brings a newer template into it")

# KServe puts `<slug>-predictor-<namespace>` into one label of a host name, which holds 63 characters; the
# longest namespace is that of staging, `<slug>-staging`.
SLUG = r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?"
REFUSED = ANSWERS["_refused"]  # the library's own name, and words that YAML reads as something else
PART = r"[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*"
PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"
# No character that YAML does not take, or takes for the end of a line.
LINE = r"(?=.*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+"

RULES = {
    "project_name": (LINE, "one line of text"),
    "project_slug": (
        rf"(?!({'|'.join(REFUSED)})$){SLUG}",
        "at most 22 small letters, digits and hyphens, a letter first, no hyphen last, none of "
        + ", ".join(REFUSED),
    ),
    "description": (LINE, "one line of text"),
    "image_repository": (
        rf"{PART}(:{PORT})?(/{PART})+",
        "a registry and a name in small letters, such as registry.example.com/my-project",
    ),
}

for name, (pattern, expected) in RULES.items():
    found = ANSWERS[name]
    if not isinstance(found, str) or not re.fullmatch(pattern, found):
        sys.exit(f"{name}: found {found!r}, expected {expected}")
