"""Text helpers without Django models: Markdown, HTML safety, languages, zones."""

import functools
import re
import unicodedata
import zoneinfo

import nh3
from markdown_it import MarkdownIt
from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "da", "no", "fi", "hu", "ro",
    "ru", "uk", "tr", "el", "zh", "ja", "ko", "ar", "he",
)  # fmt: skip
_MINIMUM_WORDS = 3
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SAFE_TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "img", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "th", "thead", "tr", "u", "ul", "b", "i",
}  # fmt: skip
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)


def clean_text(value: str, limit: int | None = None) -> str:
    """`value` without NUL and other control characters, normalised (NFC), cut at `limit`.

    PostgreSQL text refuses NUL, and lone surrogates cannot be encoded at all.
    """
    text = value.encode("utf-8", "replace").decode("utf-8")
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
    return text[:limit] if limit else text


def one_line(value: str, limit: int = 300) -> str:
    """`value` on one line, for subjects and names; no header can be smuggled through it."""
    return clean_text(" ".join(value.split()), limit)


def render_markdown(source: str) -> str:
    """Safe HTML of what an agent or author wrote in Markdown."""
    return safe_html(_markdown.render(source))


def safe_html(html: str) -> str:
    """`html` with only harmless tags, attributes and link schemes; links open apart."""
    return nh3.clean(
        html,
        tags=_SAFE_TAGS,
        attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "*": {"lang", "dir"}},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def initials(name: str) -> str:
    """One or two capital letters of a name or address."""
    words = [w for w in re.split(r"[\s._-]+", name.split("@", maxsplit=1)[0]) if w]
    letters = [w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words)]
    return "".join(letters).upper() or "?"


def valid_timezone(name: str) -> bool:
    """Whether this machine's zone database knows `name`."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@functools.lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def detect_language(text: str, fallback: str = "") -> str:
    """ISO 639-1 code of `text`, or `fallback` where it is too short to tell."""
    sample = text[:4000]
    letters = [w for w in sample.split() if any(c.isalpha() for c in w)]
    # Scripts without spaces carry enough signal in one "word".
    if len(letters) < _MINIMUM_WORDS and sample.isascii():
        return fallback
    if not letters:
        return fallback
    code, _ = _identifier().classify(sample)
    return str(code)
