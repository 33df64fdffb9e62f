"""An HTML page as the tests look at it: its elements, its text, and what it would load."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

LOADS: Final = {
    *("script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "base"),
    *("form", "image", "use", "foreignobject", "animate", "set", "a:remote"),
}
"""Elements that run, load or send something."""


@dataclass
class Page:
    """What was found in a page."""

    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    metas: dict[str, str] = field(default_factory=dict)
    style: str = ""
    texts: list[str] = field(default_factory=list)
    preformatted: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that is read, one piece after the other."""
        return " ".join(self.texts)

    @property
    def line(self) -> str:
        """All that is read, on one line."""
        return " ".join(self.text.split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._open: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        page, given = self.page, dict(attrs)
        page.tags.add(tag)
        page.attributes |= given.keys()
        page.links += [given[name] or "" for name in ("href", "src", "xlink:href") if name in given]
        page.ids += [given["id"] or ""] if "id" in given else []
        if tag == "meta":
            name = given.get("http-equiv") or given.get("name") or "charset"
            page.metas[name.lower()] = given.get("content") or ""
        if tag == "pre":
            page.preformatted.append("")
        if tag not in {"meta", "br"}:
            self._open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    @override
    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.page.style += data
            return
        if "pre" in self._open:
            self.page.preformatted[-1] += data
        self.page.texts.append(data)


def read_page(html: str) -> Page:
    """The page of a text; each element must be closed where it should be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader._open == []
    return reader.page
