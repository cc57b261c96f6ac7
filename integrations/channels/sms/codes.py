"""What the provider's error codes mean, in words."""

from typing import Final

from django.utils.translation import gettext_lazy as _

# What the codes in status calls and refusals mean, in words.
CODES: Final = {
    20003: _("The account did not accept our credentials."),
    20429: _("The provider asks to slow down."),
    21211: _("This is no telephone number."),
    21212: _("The sender's number is wrong."),
    21408: _("Messages to this country are not enabled."),
    21606: _("The sender's number cannot send messages."),
    21608: _("On a trial account only confirmed numbers get messages."),
    21610: _("The person has opted out of text messages (STOP)."),
    21611: _("The provider's queue for this number is full."),
    21612: _("There is no way to this number."),
    21614: _("This number cannot take messages."),
    21617: _("The message is too long."),
    30001: _("The provider's queue overflowed."),
    30002: _("The account is suspended."),
    30003: _("The telephone is off or cannot be reached."),
    30004: _("The person or the carrier blocks our messages."),
    30005: _("The number is unknown."),
    30006: _("The number is a landline or cannot be reached."),
    30007: _("The carrier took the message for spam."),
    30008: _("The carrier does not say why."),
    30034: _("The sender's number is not registered with the carriers."),
}


def words_for(code: str) -> str:
    """What an error code means, with the code; '' for none."""
    if not code:
        return ""
    known = str(CODES.get(int(code), "")) if code.isdigit() and len(code) < 7 else ""
    return f"{known} ({code[:12]})".strip()
