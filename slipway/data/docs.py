"""Data Docs: the site that Great Expectations writes, and its validation page as one file."""

import re
from pathlib import Path
from typing import Any

_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<footer>.*?</footer>|url\([^)]*\)", re.DOTALL
)
# Scripts are taken out already; this is for what might get past that and past the escaping.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# In place of the style sheets that GX's pages load from the network.
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
_HEAD = f'<head><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'


def site(folder: Path) -> dict[str, Any]:
    """The configuration of a Data Docs site in a folder; its pages show data as text, never as markup."""
    from slipway.data.docs_view import TextView

    view = {"module_name": TextView.__module__, "class_name": TextView.__name__}
    return {
        "class_name": "SiteBuilder",
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder.resolve()),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "site_section_builders": {"expectations": {"view": view}, "validations": {"view": view}},
    }


def one_page(docs: Path) -> str:
    """The only validation page below `docs`, with scripts, links and remote files taken out and forbidden."""
    page = next(docs.glob("validations/**/*.html")).read_text(encoding="utf-8")
    page = _OUTSIDE.sub("", page).replace("<head>", _HEAD, 1)
    return page.replace("</head>", f"{_STYLE}</head>", 1)
