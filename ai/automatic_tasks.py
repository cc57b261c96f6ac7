"""Background work of automatic answers: rows are the queues, tasks only nudge."""

from importlib import import_module

import structlog
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from ai.actions import automatic
from ai.automatic_words import known, link_of
from ai.models import AutomaticAnswer
from omnidesk.core.clock import now
from omnidesk.core.tasks import ScopelessTask, TenantTask
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.choices import StatusCategory

logger = structlog.get_logger(__name__)
State = AutomaticAnswer.State
MOST_A_SWEEP = 200
SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)


@shared_task(name="ai.automatic.send", base=TenantTask)  # type: ignore[untyped-decorator]
def send(organization_id: int, answer_id: int) -> str:
    """Send a held answer if its time has come; returns the state it reached."""
    answer = automatic.send_answer(answer_id=answer_id)
    return answer.state if answer else "not due"


@shared_task(name="ai.automatic.expire", base=TenantTask)  # type: ignore[untyped-decorator]
def expire(organization_id: int, answer_id: int) -> None:
    """End an answer whose code nobody typed in."""
    automatic.expire(answer_id=answer_id)


@shared_task(name="ai.mail_code", base=ScopelessTask)  # type: ignore[untyped-decorator]
def mail_code(organization_id: int, answer_id: int) -> bool:
    """Mail the code that opens an answer; returns whether this call did."""
    with organization_scope(organization_id):
        claimed = automatic.claim_code(answer_id=answer_id)
    if claimed is None:
        return False
    answer, code = claimed
    context = {"answer": answer, "code": code, "link": link_of(answer)}
    with translation.override(known(answer.language)):
        subject = one_line(render_to_string("emails/answer_code.subject.txt", context))
        text = render_to_string("emails/answer_code.txt", context)
    mail = EmailMessage(
        subject, text, settings.DEFAULT_FROM_EMAIL, [answer.ticket.requester.email],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )  # fmt: skip
    if mail.send(fail_silently=True):
        return True
    logger.warning("answer_code_not_sent", answer=answer_id)
    with organization_scope(organization_id):
        automatic.release_code(answer_id)
    return False


@shared_task(name="ai.judge", base=ScopelessTask)  # type: ignore[untyped-decorator]
def judge(organization_id: int, answer_id: int) -> str:
    """Compare an answer with what people wrote; returns the outcome."""
    encoder = import_module("ai.runtime").runtime().batcher
    found = import_module("ai.judging").judge(encoder, organization_id, answer_id)
    return found.outcome if found else ""


@shared_task(name="ai.automatic.sweep", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Find what a dying process dropped; returns how many rows are due."""
    moment = now()
    with system_scope():
        rows = AutomaticAnswer.objects.order_by("pk")
        due = rows.filter(state=State.HELD, send_at__lte=moment)
        uncoded = rows.filter(state=State.ASKED, code_mailed_at=None, send_at__gt=moment)
        stale = rows.filter(state=State.ASKED, send_at__lte=moment)
        over = rows.filter(judged_at=None, ticket__status_category__in=SETTLED).exclude(text="")
        found = [
            (task, list(which.values_list("organization_id", "pk")[:MOST_A_SWEEP]))
            for task, which in ((send, due), (mail_code, uncoded), (expire, stale), (judge, over))
        ]
    for task, pairs in found:
        for organization_id, answer_id in pairs:
            task.delay(organization_id, answer_id)
    return sum(len(pairs) for _task, pairs in found)


@shared_task(name="ai.backtest", base=ScopelessTask)  # type: ignore[untyped-decorator]
def backtest(organization_id: int, backtest_id: int) -> None:
    """Replay past tickets; the run's row keeps the report or the error."""
    loaded = import_module("ai.runtime").runtime()
    import_module("ai.backtesting").run(loaded, organization_id, backtest_id)
