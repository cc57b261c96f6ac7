"""Template tags of the interface: icons, key caps, people's initials and tones, times."""

from __future__ import annotations

import datetime as dt
import functools
import zlib

import structlog
from django import forms, template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info, pgettext
from django.utils.translation import gettext as _

register = template.Library()

SPRITE = "img/icons.svg"
TONES = 6
DAY, WEEK = 86_400, 6 * 86_400
ICON_SIZES = {13, 14, 20}


# Times, drawings and key caps among them: a few hundred bytes each.
MOST_KEPT = 4_096


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "", extra: str = "") -> SafeString:
    """One drawing of the sprite. Decorative unless `label` names it."""
    return _icon(name, size, str(label), isinstance(label, SafeString), extra)


@functools.lru_cache(MOST_KEPT)
def _icon(name: str, size: int, label: str, is_markup: bool, extra: str) -> SafeString:
    if is_markup:
        label = SafeString(label)
    classes = "icon"
    if size in ICON_SIZES:
        classes += f" icon--{size}"
    if extra:
        classes += f" {extra}"
    href = f"{_sprite()}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>',
            classes,
            label,
            href,
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, href)


@functools.cache
def _sprite() -> str:
    # A page of rows draws 200 icons, and the address stays while the process lives.
    return static(SPRITE)


@register.simple_tag
def keys(*caps: str) -> SafeString:
    """Key caps in order. Hidden from screen readers: aria-keyshortcuts speaks instead."""
    return format_html(
        '<span class="keys" aria-hidden="true">{}</span>', _drawn(get_language(), *caps)
    )


@register.simple_tag
def key_names(*caps: str) -> SafeString:
    """Key caps in order where they are what the page says: screen readers read them too."""
    return format_html('<span class="keys">{}</span>', _drawn(get_language(), *caps))


@functools.lru_cache(MOST_KEPT, typed=True)
def _drawn(_language: str | None, *caps: str) -> SafeString:
    return format_html_join(" ", '<kbd class="key">{}</kbd>', ((_cap(cap),) for cap in caps))


def _cap(cap: str) -> SafeString:
    if cap == "Enter":
        return icon("enter", size=13, label=pgettext("keyboard key", "Enter"))
    if cap == "Ctrl":
        return format_html("{}", pgettext("keyboard key", "Ctrl"))
    if cap == "Shift":
        return format_html("{}", pgettext("keyboard key", "Shift"))
    return format_html("{}", cap)


@register.filter
def initials(name: object) -> str:
    """Two letters for a person: first and last word; one word gives its first two letters."""
    words = [word for word in str(name or "").replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    if len(words) == 1:
        return words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()


@register.filter
def tone(key: object) -> int:
    """A stable colour 1-6 for a person; CRC because hash() differs between processes."""
    return zlib.crc32(str(key).encode()) % TONES + 1


@register.simple_tag
def reltime(value: dt.datetime | None, style: str = "relative") -> SafeString:
    """A <time> that the page keeps fresh.

    `style`: "relative" (12 min, yesterday, 3 Nov) or "clock" (09:26; the date when older
    than today). The server's words are right without script.
    """
    if value is None:
        return SafeString("")
    now = timezone.now()
    zone = timezone.get_current_timezone()
    minutes = (now - value).total_seconds() // 60
    # All that the words depend on: a page shows the same few times again and again.
    return _time(
        value.isoformat(),
        value,
        style,
        zone,
        get_language(),
        int(minutes) if style != "clock" and 0 <= minutes < 60 else None,
        now.astimezone(zone).date(),
    )


@functools.lru_cache(MOST_KEPT)
def _time(
    stamp: str,
    value: dt.datetime,
    style: str,
    zone: dt.tzinfo,
    _language: str | None,
    minutes: int | None,
    today: dt.date,
) -> SafeString:
    # The zone is asked for apart: two times are equal that are one moment in two zones.
    local = value.astimezone(zone)
    words = _clock_words(local, today) if style == "clock" else ""
    return format_html(
        '<time datetime="{}" data-time="{}" title="{}">{}</time>',
        stamp,
        style,
        formats.date_format(local, "DATETIME_FORMAT"),
        words or _relative_words(local, minutes, today),
    )


def _clock_words(local: dt.datetime, today: dt.date) -> str:
    clock = formats.time_format(local, "H:i")
    if local.date() == today:
        return clock
    if local.date() == today - dt.timedelta(days=1):
        return _("yesterday, %(time)s") % {"time": clock}
    return f"{_short_date(local, today)}, {clock}"


def _relative_words(local: dt.datetime, minutes: int | None, today: dt.date) -> str:
    if minutes == 0:
        return _("now")
    if minutes is not None:
        return _("%(count)d min") % {"count": minutes}
    if local.date() == today:
        return formats.time_format(local, "H:i")
    if local.date() == today - dt.timedelta(days=1):
        return _("yesterday")
    return _short_date(local, today)


def _short_date(local: dt.datetime, today: dt.date) -> str:
    if local.year == today.year:
        return formats.date_format(local, pgettext("date format", "j M"))
    return formats.date_format(local, pgettext("date format", "j M Y"))


@register.simple_tag
def duration(seconds: float) -> str:
    """`38m`, `3h 05m`, `2d 4h`: the short form the SLA pill shows."""
    minutes = int(abs(seconds) // 60)
    if minutes < 60:
        return _("%(minutes)dm") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(hours)dh %(minutes)02dm") % {"hours": hours, "minutes": minutes}
    days, hours = divmod(hours, 24)
    return _("%(days)dd %(hours)dh") % {"days": days, "hours": hours}


@register.simple_tag
def due_words(due: dt.datetime | None, seconds: float) -> str:
    """What is left within a day; beyond, the weekday or date it is due."""
    if due is None or seconds < DAY:
        return duration(seconds)
    local = timezone.localtime(due)
    if seconds < WEEK:
        return formats.date_format(local, "D H:i")
    return _short_date(local, timezone.localtime().date())


@register.filter
def language_words(code: str) -> str:
    """A language in the reader's words; the code itself where Django knows no name for it."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


@register.filter
def likelihood(confidence: float | None) -> str:
    """Calibrated probability to words: never a percentage on the page."""
    if confidence is None:
        return _("Not sure")
    if confidence >= 0.9:
        return _("Very likely")
    if confidence >= 0.7:
        return _("Likely")
    return _("Not sure")


@register.filter
def get(mapping: dict[object, object], key: object) -> object:
    """`{{ counts|get:view.slug }}`: a dictionary by a variable key."""
    return mapping.get(key, "")


@register.simple_tag
def ui_words() -> SafeString:
    """The few words that scripts show, as a JSON data block (no code, so the CSP allows it)."""
    return _words(get_language() or "")


@functools.cache
def _words(_language: str) -> SafeString:
    table = {
        "now": _("now"),
        "minutes": _("{count} min"),
        "yesterday": _("yesterday"),
        "yesterday_at": _("yesterday, {time}"),
        "span_m": _("{minutes}m"),
        "span_h": _("{hours}h {minutes}m"),
        "span_d": _("{days}d {hours}h"),
        "late": _("{span} late"),
        "selected": _("{count} selected"),
        "palette_on": _("On {number}"),
        "left_view": _("left this view"),
        "now_in": _("now {status}"),
        "new_one": _("1 new ticket"),
        "new_many": _("{count} new tickets"),
        "offline_since": _("No connection since {time}."),
        "presence_viewing": _("{name} is viewing"),
        "presence_replying": _("{name} is replying"),
        "composer_sending": _("Sending"),
        "composer_sent": _("Sent"),
        "composer_saved": _("Saved"),
        "composer_kept": _("Kept on this device"),
        "composer_failed": _("Not sent. Your text is kept."),
        "held": _("Reply to {number} goes out in {seconds} s"),
        "held_many": _("{many} answers go out in {seconds} s"),
        "held_left": _("goes out in {seconds} s"),
        "held_returned": _("Reply to {number} was not sent: {problem}"),
        "uploading": _("Uploading {name}"),
        "upload_failed": _("The file did not arrive. Choose it again."),
        "toast_offline": _("No connection. Nothing was changed."),
        "toast_failed": _("That did not work. Nothing was changed. Reference {reference}"),
    }
    return json_script(table, "words")


@register.simple_tag
def reference() -> str:
    """The correlation id of the running request, for error pages that get no request."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))


@register.filter
def styled(field: forms.BoundField) -> SafeString:
    """A form field's control in our classes; Django adds the aria attributes for errors."""
    # A label stands above every field: a placeholder that repeats it is noise.
    field.field.widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs={"class": _control_class(field.field.widget)})


@register.simple_tag
def to_correct(form: forms.BaseForm) -> list[forms.BoundField]:
    """The fields with errors, in the order of the page.

    The first one gets the focus when the page opens or htmx shows the form: the browser does it
    by itself, without script.
    """
    wrong = [field for field in form if field.errors and not field.is_hidden]
    for field in wrong[:1]:
        field.field.widget.attrs["autofocus"] = True
    return wrong


@register.simple_tag
def files_again(field: forms.BoundField) -> list[str]:
    """Names of the files that came in a field of a form that is shown again."""
    given = field.form.files
    files = given.getlist(field.html_name) if isinstance(given, MultiValueDict) else []
    return [file.name or "" for file in files]


def _control_class(widget: forms.Widget) -> str:
    given = widget.attrs.get("class", "")
    if isinstance(widget, forms.CheckboxInput):
        kind = "check"
    elif isinstance(widget, forms.RadioSelect):
        kind = "radio"
    elif isinstance(widget, forms.Select):
        kind = "select"
    else:
        kind = "input"
    return f"{kind} {given}".strip()
