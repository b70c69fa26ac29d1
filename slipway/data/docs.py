"""The validation page of Data Docs as one file that asks nothing of the network."""

import re
from pathlib import Path

_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<footer>.*?</footer>|url\([^)]*\)", re.DOTALL
)
_STYLE = r"""<style>
body { font: 14px/1.5 system-ui, sans-serif; color: #222; margin: 0 auto; max-width: 72rem; padding: 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { border: 1px solid #ddd; padding: .35rem .6rem; text-align: left; vertical-align: top }
nav, .modal, .sticky, .fixed-bottom { display: none }
i.text-success::before { content: "\2713" } i.text-danger::before { content: "\2717" }
i.text-warning::before { content: "!" }
.badge { background: #eef2f7; border-radius: 4px; padding: 0 .35rem }
.text-success { color: #17803d } .text-danger { color: #b3261e } .text-warning { color: #9a6700 }
</style>"""


def one_page(docs: Path) -> str:
    """The only validation page below `docs`, with scripts, links and remote files taken out."""
    page = next(docs.glob("validations/**/*.html")).read_text(encoding="utf-8")
    return _OUTSIDE.sub("", page).replace("</head>", f"{_STYLE}</head>", 1)
