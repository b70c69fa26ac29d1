"""What a browser would make of a page: its tags, its addresses and the text that a reader sees."""

from html.parser import HTMLParser


class Reading(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text, spaces made single."""
        return " ".join(" ".join(self.words).split())

    @property
    def addresses(self) -> set[str]:
        """Whatever could be loaded or followed, but for references inside the page."""
        loading = {"href", "src", "srcset", "data", "action", "poster", "background"}
        return {value for name, value in self.attributes if name in loading and not value.startswith("#")}
