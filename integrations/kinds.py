"""What a kind of channel is: its name, its settings, and where its code lies.

A kind is a folder `integrations/channels/<kind>/` whose `kind.py` holds one `KIND`. The form of
the administration, `manage.py channels` and the checks all read the same declaration. Pure: no
models here, so that models may ask which kinds there are.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput

Words = str | Promise
LONGEST: Final = 4_000  # characters of one setting; templates are the longest
_YES: Final = {"1", "true", "yes", "on"}
_NO: Final = {"0", "false", "no", "off", ""}


class Of(StrEnum):
    """What a setting's value is."""

    TEXT = "text"
    LONG = "long"
    URL = "url"
    EMAIL = "email"
    INTEGER = "integer"
    FLAG = "flag"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105  kept encrypted, goes in and never comes out


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing to fill in. `check` gets the cleaned value and returns it, perhaps mended.

    It raises ValueError with a sentence for people. A setting named `address` is what the channel
    is known by: it lies in a column of its own and exists once for a kind.
    """

    name: str
    label: Words
    of: Of = Of.TEXT
    help: Words = ""
    default: Any = ""
    required: bool = False
    choices: tuple[tuple[str, Words], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    check: Callable[[Any], Any] | None = None

    def clean(self, value: Any) -> Any:
        """The value as it is kept. Raises BadInput naming the setting."""
        try:
            cleaned = _CLEANERS[self.of](self, value)
            if cleaned not in ("", None) and self.check is not None:
                cleaned = self.check(cleaned)
        except ValueError as problem:
            raise BadInput(str(problem), self.name) from problem
        return cleaned


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of channel. Code is named by dotted path below the kind's package, '' for none.

    `transport`: class(channel), a `Transport`. `sync`: function(channel) -> how many things came
    in, called every `interval` seconds when all settings in `sync_needs` are filled. `test`:
    function(channel) -> one sentence. `read`: function(bytes) -> `InboundMessage`, to look at
    what was kept. `take`: function(channel, receipt) that settles what waits; `take_many`: see
    `registry.take_many`. `webhook`: name of the address that the far side calls. All raise
    TransportError.
    """

    key: str
    label: Words
    summary: Words
    settings: tuple[Setting, ...]
    transport: str = ""
    sync: str = ""
    test: str = ""
    take: str = ""
    take_many: str = ""
    read: str = ""
    webhook: str = ""
    short: bool = False
    interval: int = 30
    sync_needs: tuple[str, ...] = ()
    # Secrets that are made up where nobody gives one, and shown once; in the form of Standard
    # Webhooks (whsec_...) where the far side's library wants that.
    made_up: tuple[str, ...] = ()
    standard_secrets: bool = False

    def setting(self, name: str) -> Setting:
        """The setting called `name`. Raises BadInput that names the ones there are."""
        for one in self.settings:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.settings)
        raise BadInput(
            _("“%(name)s” is no setting of this kind. It has: %(known)s.")
            % {"name": name[:60], "known": known or "–"},
            name[:60],
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """A kind's settings, cleaned: what to keep in the clear, what to seal, the address."""

    address: str = ""
    plain: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


def fill(
    kind: Kind, given: Mapping[str, Any], *, present: Mapping[str, Any] | None = None,
    sealed: Collection[str] = (),
) -> Filled:  # fmt: skip
    """`given` on top of `present`; an empty secret keeps the one that is there.

    `present` also holds `address`. Raises BadInput for an unknown name, a bad value, and a
    required setting that stays empty.
    """
    for name in given:
        kind.setting(name)
    merged = {**(present or {}), **given}
    plain: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for one in kind.settings:
        value = one.clean(merged.get(one.name, one.default))
        # A flag that is off, as it is unless somebody says otherwise, is nothing to keep.
        empty = value in ("", None) or (value is False and not one.default)
        kept = one.of is Of.SECRET and one.name in sealed
        if empty and one.required and not kept and one.name not in kind.made_up:
            raise BadInput(_("“%(label)s” is needed.") % {"label": one.label}, one.name)
        if empty:
            continue
        if one.of is Of.SECRET:
            secrets[one.name] = value
        else:
            plain[one.name] = value
    return Filled(str(plain.pop("address", "")), plain, secrets)


def _text(setting: Setting, value: Any) -> str:
    text = str(value or "").strip() if setting.of is not Of.SECRET else str(value or "")
    if len(text) > LONGEST:
        raise ValueError(_("Use at most %(limit)d characters.") % {"limit": LONGEST})
    if "\x00" in text or (setting.of is Of.TEXT and ("\n" in text or "\r" in text)):
        raise ValueError(_("Use one line without control characters."))
    return text


def _url(setting: Setting, value: Any) -> str:
    text = _text(setting, value)
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(_("Enter an address that begins with https:// or http://."))
    if parts.username or parts.password:
        raise ValueError(_("Enter the address without a user name or password in it."))
    if parts.port == 0:  # reading it raises ValueError for nonsense
        raise ValueError(_("Enter an address that begins with https:// or http://."))
    return text


def _email(setting: Setting, value: Any) -> str:
    text = _text(setting, value).lower()
    if text:
        try:
            validate_email(text)
        except ValidationError as problem:
            raise ValueError(" ".join(problem.messages)) from problem
    return text


def _integer(setting: Setting, value: Any) -> int | str:
    if value in ("", None):
        return ""
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ValueError(_("Enter a whole number.")) from None
    low, high = setting.minimum, setting.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(
            _("Enter a number from %(low)s to %(high)s.")
            % {"low": "–" if low is None else low, "high": "–" if high is None else high}
        )
    return number


def _flag(setting: Setting, value: Any) -> bool:
    word = str(value).strip().lower() if not isinstance(value, bool) else ("yes" if value else "no")
    if word in _YES:
        return True
    if word in _NO or value is None:
        return False
    raise ValueError(_("Say yes or no."))


def _choice(setting: Setting, value: Any) -> str:
    text = str(value or "").strip()
    known = [key for key, _label in setting.choices]
    if text and text not in known:
        raise ValueError(
            _("“%(value)s” is not one of %(known)s.")
            % {"value": text[:60], "known": ", ".join(known)}
        )
    return text


_CLEANERS: Final[Mapping[Of, Callable[[Setting, Any], Any]]] = {
    Of.TEXT: _text,
    Of.LONG: _text,
    Of.URL: _url,
    Of.EMAIL: _email,
    Of.INTEGER: _integer,
    Of.FLAG: _flag,
    Of.CHOICE: _choice,
    Of.SECRET: _text,
}
