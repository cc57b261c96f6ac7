"""Real processes do the background work at the same time, and one is killed: all of it once."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import rule
from tests.tickets.sla.test_sweep import late_tickets
from tests.tickets.test_schedules import schedule
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.models import (
    Change,
    Message,
    PendingReason,
    RuleEvent,
    RuleMark,
    ScheduleRun,
    SlaFired,
    Status,
    Ticket,
)
from tickets.recurrence import Every

COUNT = 6
# A worker and a beat that sends everything twice. It says after each piece of work that it goes on.
PROGRAM = """
import django, sys
django.setup()
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tickets.actions.assigning import claim_next
from tickets.models import RuleEvent
from tickets.rule_tasks import run_rules, run_time_rules
from tickets.tasks import fire_schedules, follow_up, sweep_clocks

home, email = int(sys.argv[1]), sys.argv[2]

def rules():
    with organization_scope(home):
        waiting = sorted(set(RuleEvent.objects.values_list("ticket_id", flat=True)))
    for ticket in waiting:
        run_rules(home, ticket)

def claim():
    with organization_scope(home):
        user = User.objects.get(email=email)
    for _ in range(4):
        with organization_scope(home):
            claim_next(user=user, organizations=[home])

sys.stdin.readline()
for work in (rules, sweep_clocks, run_time_rules, claim, follow_up, fire_schedules) * 2:
    work()
    print("on", flush=True)
"""


def start(cast: Cast, user: User) -> "subprocess.Popen[str]":
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(cast.nordwerk.pk), user.email],
        env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def prepare(cast: Cast) -> None:
    """Late tickets, rules of both kinds, waiting tickets to remind, and what recurs."""
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "At once", None, [{"do": "note", "text": "At once"}], triggers=["opened"])
        rule(cast, "In time", {"field": "subject", "op": "contains", "value": "late"},
             [{"do": "note", "text": "In time"}], kind="time")  # fmt: skip
        reason = PendingReason.objects.get(key="requester")
        reason.in_working_hours = False
        reason.nudge_times, reason.nudge_every_hours, reason.nudge_text = 3, 24, "Still there?"
        reason.save()
    late_tickets(cast, COUNT)
    with organization_scope(cast.nordwerk.pk):
        for number in range(COUNT):
            set_status(
                ticket=cast.ticket(f"Waiting {number}"),
                actor=Actor.person(cast.bob),
                status=Status.objects.get(key="waiting"),
            )
            schedule(cast, name=f"Check {number}", every=Every.ONCE)
        waiting = Ticket.objects.filter(subject__startswith="Waiting")
        waiting.update(next_step_at=now() - timedelta(minutes=1))


def test_whatever_dies_and_however_many_work_everything_happens_once(live_cast: Cast) -> None:
    prepare(live_cast)
    people = (live_cast.alice, live_cast.bob, live_cast.alice)
    victim, *others = [start(live_cast, user) for user in people]
    for process in (victim, *others):
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert victim.stdout is not None
    # In the middle of its second piece of work, with a transaction open.
    victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=60)
    assert victim.returncode == -signal.SIGKILL
    for process in others:
        _out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    # What the dead one held is taken by the next round.
    last = start(live_cast, live_cast.bob)
    _out, errors = last.communicate("go\n", timeout=240)
    assert last.returncode == 0, errors
    counted(live_cast)


def counted(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        late = Ticket.objects.filter(subject__startswith="Late")
        waiting = Ticket.objects.filter(subject__startswith="Waiting")
        notes = Message.objects.filter(kind="internal")
        opened = late.count() + waiting.count() + ScheduleRun.objects.count()
        assert (late.count(), waiting.count(), opened) == (COUNT, COUNT, 3 * COUNT)
        # Event rules: one firing for each ticket that came in, however it came in.
        assert notes.filter(text="At once").count() == opened
        assert not RuleEvent.objects.exists()
        # Time rules: one firing and one mark.
        assert notes.filter(text="In time").count() == RuleMark.objects.count() == COUNT
        # Agreed times: each failure and each step once.
        assert Change.objects.filter(verb="ticket.sla_breached", ticket__in=late).count() == (
            2 * COUNT
        )
        steps = Change.objects.filter(verb__in=("ticket.sla_warned", "ticket.sla_escalated"))
        assert steps.count() == SlaFired.objects.count() > 0
        # Reminders: one each; the next is a day away.
        assert Message.objects.filter(text="Still there?").count() == COUNT
        assert set(waiting.values_list("nudges_sent", flat=True)) == {1}
        # Claims: nobody took what somebody had.
        claimed = Change.objects.filter(verb="ticket.assigned", actor_kind="person")
        assert claimed.count() == claimed.values("ticket").distinct().count() > 0
