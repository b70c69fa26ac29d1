"""How Great Expectations writes Data Docs here: whatever came from the data is text, never markup."""

import html
from typing import Any

from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import pass_context

from slipway.data.values import shown


class TextView(DefaultJinjaPageView):  # type: ignore[misc]  # GX has no types
    """GX's pages, with every plain string and every sentence escaped.

    GX 1.24 escapes the parameters of its sentences and nothing else: examples of unexpected values and
    observed values are plain strings, and the traceback of an exception, which quotes values, is a sentence.
    """

    @pass_context
    def render_content_block(
        self,
        jinja_context: Any,
        content_block: Any,
        index: Any = None,
        content_block_id: Any = None,
        render_to_markdown: bool = False,
    ) -> Any:
        """Render one block; a string or a list of strings is a leaf of the page."""
        if isinstance(content_block, str):
            return _text(content_block)
        if isinstance(content_block, list):
            content_block = [_text(one) if isinstance(one, str) else one for one in content_block]
        elif isinstance(content_block, dict) and "content_block_type" not in content_block:
            return _text(str(content_block))
        return super().render_content_block(
            jinja_context, content_block, index, content_block_id, render_to_markdown
        )

    def render_string_template(self, template: Any) -> Any:
        """Render one sentence; none that is used here has markup of its own."""
        if isinstance(template, dict):
            template = template | {"template": html.escape(template.get("template", ""), quote=False)}
        return super().render_string_template(template)


def _text(value: str) -> str:
    return html.escape(shown(value, 200))
