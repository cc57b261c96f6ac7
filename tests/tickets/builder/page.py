"""Reading a drawn form as a browser would: which controls it sends, with which values."""

from html.parser import HTMLParser

from django.http import QueryDict


class Controls(HTMLParser):
    """Collects successful controls; `text_of` keeps what is written in a part with an id."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: tuple[str, list[str]] | None = None
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        assert given.get("id", "-") not in self.ids, f"{given['id']} is there twice"
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "select":
            self.select, self.options = given["name"], []
        elif tag == "option" and self.select:
            self.options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self.area = (given["name"], [])
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.sent.append((given["name"], given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            chosen = [value for value, selected in self.options if selected]
            self.sent.append((self.select, (chosen or [self.options[0][0]])[0]))
            self.select = None
        elif tag == "textarea" and self.area:
            # A browser leaves out the first line break and sends the others as CRLF.
            text = "".join(self.area[1]).removeprefix("\n").replace("\n", "\r\n")
            self.sent.append((self.area[0], text))
            self.area = None


def sent_by(html: str) -> QueryDict:
    """What the form would send if somebody pressed "Save" at once."""
    page = Controls()
    page.feed(html)
    data = QueryDict(mutable=True)
    for name, value in page.sent:
        data.appendlist(name, value)
    return data
