"""`manage.py parse_mail FILE...`: show how the desk reads a mail. Needs no database."""

import hashlib
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import track
from rich.table import Table

from integrations.base import InboundMessage
from integrations.channels.email.parse import parse


def as_dict(file: str, mail: InboundMessage) -> dict[str, Any]:
    """The mail as plain values for JSON; `file` is the name as given."""
    return {
        "file": file,
        "subject": mail.subject,
        "from_email": mail.sender.email,
        "from_name": mail.sender.name,
        "to": [box.email for box in mail.to],
        "cc": [box.email for box in mail.cc],
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to or None,
        "references": list(mail.references),
        "text": mail.text,
        "reply_text": mail.reply_text,
        "attachments": [
            {
                "name": one.name,
                "content_type": one.content_type,
                "size": len(one.content),
                "sha256": hashlib.sha256(one.content).hexdigest(),
                "inline": one.inline,
            }
            for one in mail.attachments
        ],
        "auto": mail.auto,
        "bounce": mail.bounce,
        "bounce_of": mail.bounce_of,
        "language": mail.language,
        "sent_at": mail.sent_at.isoformat() if mail.sent_at else None,
        "error": mail.error or None,
    }


def read_file(file: str) -> dict[str, Any]:
    """The parsed mail of `file`, or its name and the error."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as problem:
        return {"file": file, "error": problem.strerror or str(problem)}
    return as_dict(file, parse(raw))


class Command(BaseCommand):
    """Reads mails with the same code as the mail intake."""

    help = _("Show how the desk reads e-mail files: sender, text, newly written part, attachments.")
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help=_("an .eml file, or -"))
        parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))

    def handle(self, *_args: Any, **options: Any) -> None:
        files: list[str] = options["files"]
        if options["json"]:
            for file in files:
                self.stdout.write(json.dumps(read_file(file)))
            return
        console = Console(file=sys.stdout)
        show = track(files, description=_("Reading"), console=console, transient=True)
        mails = [read_file(file) for file in (show if len(files) > 1 else files)]
        console.print(table_of(mails))
        if len(mails) == 1 and "reply_text" in mails[0]:
            console.print(mails[0]["reply_text"], markup=False, highlight=False)


def table_of(mails: list[dict[str, Any]]) -> Table:
    """One row a mail."""
    table = Table()
    for heading in (_("File"), _("From"), _("Subject"), _("New text"), _("Files"), _("Kind")):
        table.add_column(heading, overflow="fold")
    for mail in mails:
        kind = _("bounce") if mail.get("bounce") else _("automatic") if mail.get("auto") else ""
        table.add_row(
            *(
                _plain(value)
                for value in (
                    Path(mail["file"]).name,
                    mail.get("from_email", ""),
                    mail.get("subject", ""),
                    mail.get("reply_text", "")[:160],
                    str(len(mail.get("attachments", []))),
                    mail.get("error") or kind,
                )
            )
        )
    return table


def _plain(value: str) -> str:
    # Square brackets are markup to rich; a mail must not colour the terminal.
    printable = "".join(char if char.isprintable() or char == "\n" else " " for char in value)
    return printable.replace("[", "\\[")
