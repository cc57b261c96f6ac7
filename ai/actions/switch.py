"""The installation's one switch of automatic answers: thrown at once, also for what waits."""

import structlog
from django.db import transaction

from ai.models import AutomaticAnswer, AutomaticSwitch
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import system_scope
from omnidesk.core.text import one_line

logger = structlog.get_logger(__name__)
ONLY = 1
State = AutomaticAnswer.State


def hold_switch() -> AutomaticSwitch:
    """The switch under its row lock: who throws it waits for a sending, the next one sees it."""
    AutomaticSwitch.objects.get_or_create(pk=ONLY)
    return AutomaticSwitch.objects.select_for_update().get(pk=ONLY)


def stop_all(*, user: User | None, reason: str) -> int:
    """Stop automatic answers everywhere, now; returns how many waited and will not be sent.

    Answers that wait in the outbox are ended there: the outbox asks before it hands over.
    """
    with system_scope():
        switch = hold_switch()
        if switch.stopped_at is None:
            switch.stopped_at, switch.stopped_by = now(), user
        switch.reason = one_line(reason, 300)
        switch.save()
        waiting = AutomaticAnswer.objects.filter(state__in=[State.HELD, State.ASKED])
        stopped = waiting.update(
            state=State.STOPPED, reason="switch", settled_at=now(), stopped_by=user, code_hash=""
        )
    logger.warning("automatic_answers_stopped", by=user.pk if user else None, waiting=stopped)
    return stopped


@transaction.atomic
def allow_again(*, user: User | None) -> None:
    """Let categories that may send do it again; what was stopped stays stopped."""
    switch = hold_switch()
    switch.stopped_at, switch.stopped_by, switch.reason = None, None, ""
    switch.save()
    logger.warning("automatic_answers_allowed", by=user.pk if user else None)


def switch_now() -> AutomaticSwitch:
    """How it stands; a new installation has it on. Queries: 1."""
    return AutomaticSwitch.objects.select_related("stopped_by").filter(pk=ONLY).first() or (
        AutomaticSwitch(pk=ONLY)
    )
