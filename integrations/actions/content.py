"""From a received mail to what a ticket keeps: text, safe HTML, files within the limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.base import InboundMessage
from integrations.channels.email.calendars import Invitation
from integrations.channels.email.html import fold_quotes, sanitise
from omnidesk.core.text import clean_text
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.intake import LONGEST_TEXT, Body
from tickets.actions.reply import add_note
from tickets.models import Ticket

LONGEST_HTML: Final = 1_000_000
MAX_COPIES: Final = 20


@dataclass(frozen=True, slots=True)
class Content:
    """What to keep of a mail; `refused` are sentences about files that were not kept."""

    text: str
    html: str
    quoted: str
    external_id: str
    cc: Sequence[str]
    files: Sequence[NewFile]
    refused: Sequence[str]

    def body(self, *, signed_by: str = "") -> Body:
        """As the domain takes it. `signed_by` names a writer who has no account here."""
        text = self.text or _("(Only files)")
        if signed_by:
            text = f"{signed_by}:\n\n{text}"
        return Body(
            text=text,
            html="" if signed_by else self.html,
            quoted=self.quoted,
            external_id=self.external_id,
            cc=self.cc,
            files=self.files,
        )

    def first_line(self) -> str:
        """A subject for a mail that has none."""
        return next((line.strip()[:100] for line in self.text.splitlines() if line.strip()), "")


def content_of(mail: InboundMessage) -> Content:
    """A further message: what was newly written, the rest folded."""
    shown, rest = fold_quotes(mail.text, mail.reply_text)
    return _content(mail, shown, rest, html="" if rest else _safe(mail))


def opening_of(mail: InboundMessage) -> Content:
    """A first message: a long quoted rest is the matter itself (a forwarded mail), so it stays."""
    shown, rest = fold_quotes(mail.text, mail.reply_text)
    if len(rest) > len(shown):
        shown, rest = mail.text, ""
    return _content(mail, shown, rest, html=_safe(mail))


def _content(mail: InboundMessage, text: str, quoted: str, *, html: str) -> Content:
    files, refused = _files(mail)
    told = _told(mail)
    if told:
        # The summary stands in the text; the HTML body would hide it.
        text, html = "\n\n".join(one for one in (told, text.strip()) if one), ""
    ours = {box.email.lower() for box in mail.to} | {mail.sender.email.lower()}
    copies = dict.fromkeys(box.email.lower() for box in mail.cc if box.email.lower() not in ours)
    return Content(
        text=clean_text(text, LONGEST_TEXT).strip(),
        html=html,
        quoted=clean_text(quoted, LONGEST_TEXT),
        external_id=mail.message_id,
        cc=list(copies)[:MAX_COPIES],
        files=files,
        refused=refused,
    )


def _told(mail: InboundMessage) -> str:
    """What a person could not read out of the mail: invitations, and that it is encrypted."""
    lines = [_invitation(one) for one in mail.invitations]
    if mail.sealing == "encrypted":
        lines.insert(
            0, _("This mail is encrypted: the desk cannot read it. Ask for it in the clear.")
        )
    elif mail.sealing == "packed":
        lines.insert(0, _("This mail is signed and packed: its text is in the file smime.p7m."))
    return "\n\n".join(lines)


def _invitation(event: Invitation) -> str:
    kind = _("Cancelled") if event.cancelled else _("Answer to an invitation")
    if not event.cancelled and event.method != "REPLY":
        kind = _("Invitation")
    times = " – ".join(one for one in (event.begins, event.ends) if one)
    rows = (
        (kind, event.title or "–"), (_("When"), times), (_("Where"), event.place),
        (_("Organizer"), event.organizer),
    )  # fmt: skip
    return "\n".join(f"{label}: {value}" for label, value in rows if value)


def _safe(mail: InboundMessage) -> str:
    if not mail.html or len(mail.html) > LONGEST_HTML:
        return ""
    return clean_text(sanitise(mail.html).markup)


def _files(mail: InboundMessage) -> tuple[list[NewFile], list[str]]:
    limit = settings.ATTACHMENT_MAX_BYTES
    kept: list[NewFile] = []
    refused: list[str] = []
    for one in mail.attachments:
        size = len(one.content)
        if 0 < size <= limit:
            kept.append(NewFile(one.name, one.content, one.inline, one.content_id))
            continue
        template = (
            _("“%(name)s” is empty.")
            if size == 0
            else _("“%(name)s” has %(size).1f MB; a file may have at most %(limit)d MB.")
        )
        values = {"name": one.name[:80], "size": size / 2**20, "limit": limit // 2**20}
        refused.append(template % values)
    return kept, refused


def note_refused(ticket: Ticket, refused: Sequence[str], actor: Actor) -> None:
    """Tell the desk which files of a mail were not kept; the mail itself is, in its receipt."""
    if refused:
        lines = "\n".join(f"- {one}" for one in refused)
        head = _("Files of this mail that were not kept:")
        add_note(ticket=ticket, actor=actor, text=f"{head}\n\n{lines}")
