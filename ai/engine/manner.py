"""How a helpdesk writes to its requesters: tone, form of address, length, its own style."""

from __future__ import annotations

from dataclasses import dataclass

FORMAL, PLAIN, FRIENDLY = "formal", "plain", "friendly"
SHORT, NORMAL, DETAILED = "short", "normal", "detailed"
LONGEST_GUIDANCE = 300

_TONES = {
    FORMAL: "formal and courteous, no small talk, no contractions, no exclamation marks",
    PLAIN: "plain and matter-of-fact, polite",
    FRIENDLY: "warm and friendly, as to a colleague, without flattery",
}
_LENGTHS = {
    SHORT: "short, at most four sentences; a list of steps is never cut off",
    NORMAL: "as long as it needs to be, no longer",
    DETAILED: "detailed: every step and every condition that the sources name",
}
_ADDRESS = {False: "formal (Sie, vous, usted)", True: "informal (du, tu, tú)"}


@dataclass(frozen=True, slots=True)
class Manner:
    """How an organization writes. tone and length: one of those above.

    informal: du, tu and tú instead of Sie, vous and usted. guidance: what the organization says
    of its style in its own words, one line; nobody else's.
    """

    tone: str = PLAIN
    length: str = NORMAL
    informal: bool = False
    guidance: str = ""

    @property
    def address(self) -> str:
        """The form of address in words for a model."""
        return f"Form of address: {_ADDRESS[self.informal]}"

    @property
    def house_style(self) -> str:
        """What the organization says of its style, as a line for a model, or ""."""
        words = " ".join(self.guidance.translate(_MARKS).split())[:LONGEST_GUIDANCE]
        return f'House style, in the words of this helpdesk: "{words}"' if words else ""

    @property
    def words(self) -> str:
        """All of it as lines for a model."""
        lines = [f"Tone: {_TONES[self.tone]}", self.address, f"Length: {_LENGTHS[self.length]}"]
        return "\n".join([*lines, self.house_style] if self.house_style else lines)


# The guidance stays one line between its quotation marks, and opens no tag.
_MARKS = {ord(mark): " " for mark in '<>"'}
USUAL = Manner()
