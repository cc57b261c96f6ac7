"""Fill an empty installation with the demo desk."""

import secrets
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from omnidesk import env
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.demo.generate import generate
from omnidesk.demo.load import SIGN_IN, is_loaded, load
from omnidesk.demo.types import OPEN_STATUSES


class Command(BaseCommand):
    """Load the demo desk once; later runs add nothing."""

    help = (
        "Fill an empty installation with a demo desk: two organizations, people, tickets and "
        "articles. Sends nothing to anybody. The password of the demo accounts is "
        "OMNIDESK_DEMO_PASSWORD, or a random one that is shown once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--anyway` for installations that have organizations of their own."""
        parser.add_argument(
            "--anyway", action="store_true", help="load although other organizations exist"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load unless the demo, or somebody's real desk, is there already."""
        if is_loaded():
            self.stdout.write("The demo desk is loaded already. Nothing was added.")
            return
        if Organization.objects.exists() and not options["anyway"]:
            self.stdout.write(
                "This installation has organizations of its own, so the demo desk was not "
                "loaded. Use --anyway to load it beside them."
            )
            return
        started = time.perf_counter()
        given = env.secret("OMNIDESK_DEMO_PASSWORD")
        password = given or secrets.token_urlsafe(9)
        desk = generate(now())
        load(desk, password=password)
        unsolved = sum(ticket.status in OPEN_STATUSES for ticket in desk.tickets)
        self.stdout.write(
            f"Demo desk loaded in {time.perf_counter() - started:.1f} s: "
            f"{len(desk.tickets)} tickets ({unsolved} open), {len(desk.articles)} articles, "
            f"{len(desk.people)} people."
        )
        self.stdout.write(f"Demo sign-in: {', '.join(SIGN_IN)}")
        mailboxes = ", ".join(one.support_email for one in desk.organizations)
        self.stdout.write(f"Demo mailboxes: {mailboxes}")
        shown = "the one you set" if given else f"{password} (shown only now)"
        self.stdout.write(f"Demo password: {shown}")
