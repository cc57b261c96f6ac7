"""Telephone numbers in one form: E.164, `+` and digits."""

import re
from typing import Final

import phonenumbers
from django.utils.translation import gettext as _

LONGEST: Final = 40
_REGION: Final = re.compile(r"^[A-Z]{2}$")


def normalise(number: str, country: str = "") -> str:
    """`number` as E.164, or '' where it is none. `country` (such as DE) reads national ones."""
    text = number.strip()[:LONGEST]
    if text.startswith("whatsapp:"):
        text = text.removeprefix("whatsapp:")
    try:
        parsed = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def e164(number: str) -> str:
    """For settings: the number in E.164. Raises ValueError with a sentence."""
    found = normalise(number)
    if not found:
        raise ValueError(_("Enter the number with its country code, such as +4930123456."))
    return found


def country(code: str) -> str:
    """For settings: a country as two capital letters. Raises ValueError with a sentence."""
    found = code.strip().upper()
    if not _REGION.match(found) or found not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(_("Enter the country as two letters, such as DE."))
    return found
