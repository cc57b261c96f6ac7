"""The catalogues are whole, compiled, and reach the reader; none of it needs gettext's tools."""

import ast
import datetime as dt
import re
import struct
import zoneinfo
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, override

from omnidesk.core.templatetags.omnidesk_ui import icon, keys, language_words, reltime
from tests.cast import Cast
from tickets.actions.catalog import STANDARD_STATUSES
from tickets.models import Status
from tickets.templatetags.desk import status_name

TRANSLATED = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
FOLDER = Path(settings.LOCALE_PATHS[0])
ENTRY = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr)(?:\[\d\])? (".*")$')
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-0-9.]*[sdf]|\{\w*\}")
# What separates a context from its text, and the forms of a plural, in a compiled catalogue.
CONTEXT, FORMS = "\x04", "\x00"

# What a template's own tags say is said by somebody else; a text in tags that are not closed here
# (`{% if %}` inside an attribute) leaves names of attributes behind.
MARKUP = re.compile(
    r"\{%\s*(comment|blocktranslate)\b.*?\{%\s*end\1\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}",
    re.DOTALL,
)
SAID = re.compile(r'\b(?:title|aria-label|placeholder|alt)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{2,}(?:\.[a-z]+)?")
SAME_EVERYWHERE = {
    "OmniDesk", "CSV", "JSON", "ms", "Ctrl", "manage.py", "entrance", "card", "wide",
    "href", "target", "blank", "rel", "noopener", "download",
}  # fmt: skip

Catalogue = dict[str, str]


def catalogue_file(language: str, suffix: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"django.{suffix}"


def written(language: str) -> Catalogue:
    """The .po file as its compiled form has it: context, text and plural to translated forms."""
    catalogue: Catalogue = {}
    for block in catalogue_file(language, "po").read_text(encoding="utf-8").split("\n\n"):
        parts: list[tuple[str, str]] = []
        for line in block.splitlines():
            if entry := ENTRY.match(line):
                parts.append((entry[1], ast.literal_eval(entry[2])))
            elif line.startswith('"'):
                parts[-1] = (parts[-1][0], parts[-1][1] + ast.literal_eval(line))
        if not parts:
            continue
        context = "".join(text + CONTEXT for name, text in parts if name == "msgctxt")
        texts = [text for name, text in parts if name in {"msgid", "msgid_plural"}]
        forms = [text for name, text in parts if name == "msgstr"]
        catalogue[context + FORMS.join(texts)] = FORMS.join(forms)
    return catalogue


def compiled(language: str) -> Catalogue:
    """The .mo file: two tables of length and offset, originals and translations."""
    data = catalogue_file(language, "mo").read_bytes()
    magic, _revision, count, originals, translations = struct.unpack_from("<5I", data)
    assert magic == 0x950412DE

    def text(table: int, index: int) -> str:
        length, offset = struct.unpack_from("<2I", data, table + 8 * index)
        return bytes(data[offset : offset + length]).decode()

    return {text(originals, i): text(translations, i) for i in range(count)}


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def test_no_template_says_anything_that_is_not_translated() -> None:
    found = {}
    for path in sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html")):
        # The gallery shows components to their builders; mails begin with their own words.
        if path.name == "gallery.html":
            continue
        page = MARKUP.sub("\x00", path.read_text(encoding="utf-8"))
        said = SAID.findall(page) + re.split(r"<[^>]*>", page)
        words = {word for text in said for word in WORD.findall(re.sub(r"&\w+;", " ", text))}
        if strange := words - SAME_EVERYWHERE:
            found[str(path.name)] = strange
    assert found == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_left_in_english(language: str) -> None:
    catalogue = written(language)
    assert len(catalogue) > 900
    assert [text for text, forms in catalogue.items() if not all(forms.split(FORMS))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_guessed(language: str) -> None:
    lines = catalogue_file(language, "po").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("#,") and "fuzzy" in line] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_says_what_the_written_one_says(language: str) -> None:
    source = written(language)
    # The compiler leaves out the one line that changes without a change.
    source[""] = re.sub(r"POT-Creation-Date: .*\n", "", source[""])
    assert compiled(language) == source


def test_every_language_has_the_same_texts() -> None:
    first, *others = ({text for text in written(language) if text} for language in TRANSLATED)
    for other in others:
        assert other ^ first == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_are_those_of_the_original(language: str) -> None:
    """Every form of a plural has those of the original's last form."""
    pairs = [
        (text.rpartition(CONTEXT)[2].split(FORMS)[-1], form)
        for text, forms in written(language).items()
        for form in forms.split(FORMS)
        if text
    ]
    assert [(text, form) for text, form in pairs if placeholders(text) != placeholders(form)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_standard_statuses_are_shown_in_the_readers_language(language: str) -> None:
    with override(language):
        for _key, name, _stage, _first in STANDARD_STATUSES:
            assert status_name(Status(name=name)) == written(language)[name]
            assert str(Status(name=name)) == written(language)[name]
        assert status_name(Status(name="Waiting for parts")) == "Waiting for parts"


@pytest.mark.parametrize("language", TRANSLATED)
def test_one_word_with_two_meanings_has_two_translations(language: str) -> None:
    catalogue = written(language)
    assert catalogue[f"similarity{CONTEXT}Close"] != catalogue["Close"]
    assert catalogue[f"verb{CONTEXT}Open"] != catalogue["Open"]


@pytest.mark.parametrize(
    ("language", "word"), [("de", "Anmelden"), ("fr", "Se connecter"), ("es", "Iniciar sesión")]
)
def test_signing_in_follows_the_browsers_language(
    client: Client, db: None, language: str, word: str
) -> None:
    page = client.get("/account/sign-in/", headers={"Accept-Language": f"{language},en;q=0.5"})
    html = page.content.decode()
    assert f'<html lang="{language}"' in html
    assert f"<title>{word}" in html
    assert "Sign in" not in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Was brauchen Sie?"),
        ("fr", "De quoi avez-vous besoin\u202f?"),
        ("es", "¿Qué necesita?"),
    ],
)
def test_the_portal_speaks_its_persons_language(
    client: Client, cast: Cast, language: str, words: str
) -> None:
    """The person's own language counts more than the browser's."""
    cast.dana.language = language
    cast.dana.save()
    client.force_login(cast.dana)
    html = client.get("/", headers={"Accept-Language": "en"}).content.decode()
    assert f'<html lang="{language}"' in html
    assert words in html
    assert "What do you need?" not in html


def test_scripts_get_their_words_translated(client: Client, db: None) -> None:
    html = client.get("/account/sign-in/", headers={"Accept-Language": "de"}).content.decode()
    assert "{count} neue Tickets" in html
    with override("de"):
        assert gettext("{count} new tickets") == "{count} neue Tickets"


def test_a_language_is_named_in_the_readers_words() -> None:
    with override("de"):
        assert language_words("en") == "Englisch"
    assert language_words("zh") == "zh", "detected, but Django knows only its scripts by name"


@pytest.mark.parametrize(
    ("language", "date"),
    [("en", "3 Nov 2024"), ("de", "3. Nov. 2024"), ("fr", "3 nov. 2024"), ("es", "3 nov 2024")],
)
def test_short_dates_look_like_those_that_scripts_write(language: str, date: str) -> None:
    """The words of Intl.DateTimeFormat, so that nothing jumps when a page comes alive."""
    third = dt.datetime(2024, 11, 3, 12, tzinfo=dt.UTC)
    with override(language):
        assert f">{date}</time>" in reltime(third)


def test_one_moment_is_told_in_the_zone_and_language_of_each_reader() -> None:
    moment = dt.datetime(2024, 11, 3, 12, tzinfo=dt.UTC)
    told = {}
    for language in ("en", "de"):
        for zone in ("Europe/Berlin", "America/New_York"):
            with override(language), timezone.override(zoneinfo.ZoneInfo(zone)):
                told[language, zone] = reltime(moment, "clock")
    assert ", 13:00</time>" in told["en", "Europe/Berlin"]
    assert ", 07:00</time>" in told["en", "America/New_York"]
    assert len(set(told.values())) == 4
    # The same moment as another zone writes it keeps its own spelling for scripts.
    assert "+01:00" in reltime(moment.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")), "clock")


def test_a_time_ages_though_what_was_drawn_is_kept() -> None:
    now = timezone.now()
    assert ">now</time>" in reltime(now - dt.timedelta(seconds=5))
    assert ">1 min</time>" in reltime(now - dt.timedelta(seconds=65))
    assert ">59 min</time>" in reltime(now - dt.timedelta(minutes=59, seconds=30))
    old = now - dt.timedelta(hours=30)
    assert "min</time>" not in reltime(old)


def test_drawings_and_keys_are_escaped_whatever_was_drawn_before() -> None:
    assert "&lt;b&gt;" in icon("x", label="<b>")
    assert "<b>" in icon("x", label=mark_safe("<b>"))
    assert "&lt;" in keys("<")
