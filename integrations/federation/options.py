"""Settings that every federated kind shares, and how the core reads them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.federation.merge import FieldMap, Owner
from integrations.kinds import Of, Setting
from omnidesk.core.text import valid_timezone

if TYPE_CHECKING:
    from integrations.models import Channel

OWNERS: Final = (
    (Owner.NEWEST.value, _("Both sides; a person decides when both changed it")),
    (Owner.OURS.value, _("OmniDesk: changes over there are put back")),
    (Owner.THEIRS.value, _("The other system: changes here are put back")),
    (Owner.APART.value, _("Nobody: each side has its own")),
)
OWNED: Final = (
    ("subject", _("Who owns the subject")),
    ("status", _("Who owns the status")),
    ("urgency", _("Who owns the urgency")),
    ("impact", _("Who owns the impact")),
    ("priority", _("Who owns the priority")),
    ("type", _("Who owns the type")),
)
_SEPARATORS: Final = (",", ";", "\n")


def table(text: str) -> dict[str, str]:
    """`theirs=ours` pairs, one a line or divided by commas. Raises ValueError with a sentence."""
    for separator in _SEPARATORS:
        text = text.replace(separator, "\n")
    pairs = {}
    for line in filter(None, (one.strip() for one in text.split("\n"))):
        theirs, equals, ours = line.rpartition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise ValueError(
                gettext("Write pairs such as 4=on-hold, not “%(line)s”.") % {"line": line[:60]}
            )
        pairs[theirs.strip()] = ours.strip()
    return pairs


def _check_table(text: str) -> str:
    table(text)
    return text


def _check_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(gettext("Write a day such as 2026-01-31.")) from None
    return text


def common(owners: Mapping[str, Owner], *, notes: bool = True) -> tuple[Setting, ...]:
    """The shared settings, with the kind's own owners as defaults."""
    return (*_FLOW, *((_NOTES,) if notes else ()), _REQUESTER, *_owned(owners), *_TABLES)


_FLOW: Final = (
    Setting(
        name="take_in",
        label=_("Take in tickets"),
        of=Of.CHOICE,
        choices=(
            ("all", _("All tickets of the other system")),
            ("linked", _("Only those passed on from here")),
        ),
        default="all",
    ),
    Setting(
        name="since",
        label=_("Only tickets changed since"),
        help=_("A day such as 2026-01-31; empty: all of them."),
        check=_check_day,
    ),
    Setting(
        name="pass_on",
        label=_("Pass on tickets opened here"),
        of=Of.CHOICE,
        choices=(("by_hand", _("When an agent says so")), ("all", _("All of them"))),
        default="by_hand",
    ),
)
_NOTES: Final = Setting(
    name="share_notes",
    label=_("Share internal notes"),
    of=Of.FLAG,
    default=True,
    help=_("They are private over there too."),
)
_REQUESTER: Final = Setting(
    name="default_requester", label=_("Requester where none is known"), of=Of.EMAIL
)
_TABLES: Final = tuple(
    Setting(
        name=f"{name}_map",
        label=label,
        of=Of.LONG,
        help=_("Pairs theirs=ours that replace the usual ones, such as 4=on-hold."),
        check=_check_table,
    )
    for name, label in (
        ("status", _("Statuses")),
        ("urgency", _("Urgencies")),
        ("impact", _("Impacts")),
        ("priority", _("Priorities")),
    )
)


def _owned(owners: Mapping[str, Owner]) -> tuple[Setting, ...]:
    return tuple(
        Setting(
            name=f"owner_{name}",
            label=label,
            of=Of.CHOICE,
            choices=OWNERS,
            default=owners.get(name, Owner.NEWEST).value,
        )
        for name, label in OWNED
    )


def owners_of(channel: "Channel", usual: Mapping[str, Owner]) -> dict[str, Owner]:
    """Who owns which field on this channel."""
    found = {}
    for name, _label in OWNED:
        value = channel.settings.get(f"owner_{name}") or usual.get(name, Owner.NEWEST)
        found[name] = Owner(value)
    return found


def maps_of(channel: "Channel", usual: Mapping[str, FieldMap]) -> dict[str, FieldMap]:
    """The kind's translations with the channel's own pairs on top."""
    return {name: _with(usual[name], channel.settings.get(f"{name}_map")) for name in usual}


def _with(usual: FieldMap, own: object) -> FieldMap:
    pairs = table(str(own)) if own else {}
    if not pairs:
        return usual
    return FieldMap(
        inward={**usual.inward, **pairs},
        outward={**usual.outward, **{ours: theirs for theirs, ours in pairs.items()}},
        limit=usual.limit,
        writable=usual.writable,
        writes=usual.writes,
    )


def first_day(channel: "Channel") -> datetime | None:
    """From when on tickets are taken in; None: all."""
    text = str(channel.settings.get("since", ""))
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def setting(channel: "Channel", name: str, default: str = "") -> str:
    """A text setting."""
    return str(channel.settings.get(name) or default)


def flag(channel: "Channel", name: str, default: bool) -> bool:
    """A yes/no setting."""
    return bool(channel.settings.get(name, default))


def check_zone(name: str) -> str:
    """A time zone's name as it is kept. Raises ValueError with a sentence."""
    if not valid_timezone(name):
        raise ValueError(gettext("“%(zone)s” is not a known time zone.") % {"zone": name[:60]})
    return name
