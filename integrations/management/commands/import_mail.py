"""manage.py import_mail: an old mailbox becomes tickets, after a look at what would become what."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from integrations.base import TransportError
from integrations.channels.email.imap import opened_mails
from integrations.mailimport import Fate, Importer, opened
from integrations.registry import EMAIL
from integrations.selectors import find_channel
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import system_scope


class Command(BaseCommand):
    """Reads an mbox file, a folder of .eml files, a Maildir, or the channel's IMAP folder."""

    help = _(
        "Take an old mailbox in as tickets. Nothing is sent; run again, it goes on where it "
        "stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source", nargs="?", metavar="FILE",
            help=_("an mbox file, a Maildir or a folder of .eml files; without it the channel's "
                   "own mailbox (IMAP)"),
        )  # fmt: skip
        parser.add_argument("--channel", required=True, help=_("name of the mail channel"))
        parser.add_argument("--organization", default="", help=_("tells namesakes apart"))
        parser.add_argument(
            "--dry-run", action="store_true", help=_("only show what would become what")
        )
        parser.add_argument("--open", action="store_true", help=_("leave the tickets open"))
        parser.add_argument("--limit", type=int, default=0, help=_("at most so many mails"))

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with system_scope():
                channel = find_channel(options["channel"], options["organization"])
            if channel.kind != EMAIL:
                raise CommandError(_("“%(name)s” is no mail channel.") % {"name": channel.name})
            source: str | None = options["source"]
            importer = Importer(channel, dry_run=options["dry_run"], leave_open=options["open"])
            with opened(Path(source)) if source else opened_mails(channel) as mails:
                for fate in importer.run(mails, limit=max(0, options["limit"])):
                    if options["dry_run"] or options["verbosity"] > 1:
                        self.stdout.write(line(fate))
        except (BadInput, TransportError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        for kind, count in sorted(importer.counts.items()):
            self.stdout.write(f"{kind:>12} {count}")
        words = _("Nothing was written.") if options["dry_run"] else _("Done. Nothing was sent.")
        self.stdout.write(words)


def line(fate: Fate) -> str:
    """What becomes of one mail, on one line without control characters."""
    text = f"{fate.kind:>12}  {fate.sender}  {fate.subject}  {fate.detail}"
    return "".join(one if one.isprintable() else " " for one in text)[:300]
