"""Were the forecasts right: the last weeks forecast from what was known then, and compared."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tickets.forecast_selectors import lives
from tickets.sla_backtest import Judged, Score, judge, score

DAYS: Final = 30
# Hours between two forecasts of the back-test.
EVERY: Final = 12


class Command(BaseCommand):
    """`manage.py backtest_forecast nordwerk --days 30`"""

    help = "Show how reliable the forecasts of agreed times were."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose history, and how far back."""
        parser.add_argument("organization", nargs="?", help="short name; all without one")
        parser.add_argument("--days", type=int, default=DAYS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge each organization, and all of them together."""
        days = options["days"]
        if not 1 <= days <= 150:
            raise CommandError("Choose between 1 and 150 days.")
        rows = Organization.objects.order_by("pk")
        if options["organization"]:
            rows = rows.filter(slug=options["organization"])
            if not rows:
                raise CommandError(f"There is no organization {options['organization']}.")
        judged: list[Judged] = []
        for organization in rows:
            with organization_scope(organization.pk):
                found = lives(organization.pk, now())
            judged += judge(found, moments(now(), days), now())
        for kind in sorted({one.kind for one in judged}):
            self._show(kind, score([one for one in judged if one.kind == kind]))
        self._show("all", score(judged))

    def _show(self, name: str, found: Score | None) -> None:
        if found is None:
            self.stdout.write(f"{name}: too little history to forecast anything")
            return
        self.stdout.write(
            f"{name}: {found.count} forecasts, {found.late:.1%} late; Brier {found.brier:.4f} "
            f"(not calibrated {found.plain:.4f}), base rate {found.base:.4f} "
            f"(skill {found.skill:.1%}), best constant {found.hindsight:.4f}; "
            f"off by {found.off:.1%} on average (not calibrated {found.plain_off:.1%})"
        )
        for words, bins in (("not calibrated", found.plain_bins), ("calibrated", found.bins)):
            self.stdout.write(f"  {words}")
            for one in bins:
                self.stdout.write(
                    f"  {one.low:4.0%} to {one.high:4.0%}  {one.count:6d} forecasts"
                    f"   said {one.said:6.1%}   came {one.came:6.1%}"
                )


def moments(end: datetime, days: int) -> list[datetime]:
    """When the back-test forecasts: twice a day, the earliest first."""
    steps = range(days * 24 // EVERY, 0, -1)
    return [end - timedelta(hours=EVERY * step) for step in steps]
