"""Starting a backtest; `ai.actions.work` takes and settles it."""

from django.db import transaction
from django.utils.translation import gettext as _

from ai.actions.work import recover
from ai.models import Backtest, Policy, TrainedModel
from ai.routes import BadRoute, is_set_up, parse_route
from ai.trials import (
    HIGHEST_FLOOR,
    KINDS,
    LONGEST_PROMPT,
    LOWEST_FLOOR,
    MODEL,
    NOTHING,
    PROMPT,
    Trial,
)
from omnidesk.accounts.models import User
from tickets.actions.base import InvalidChange

MOST_TICKETS = 2_000
KEPT = 20


@transaction.atomic
def start_backtest(
    *, organization_id: int, user: User | None, most: int, trial: Trial = NOTHING
) -> Backtest:
    """A run that waits for a worker: the one that is there, or a new one.

    Raises `InvalidChange` where the trial is none, or one that tries something else is under way.
    """
    if not 1 <= most <= MOST_TICKETS:
        raise InvalidChange(
            _("Between 1 and %(most)d tickets can be replayed.") % {"most": MOST_TICKETS}, "most"
        )
    _check(organization_id, trial)
    recover(Backtest, organization_id)
    row, created = Backtest.objects.get_or_create(
        organization_id=organization_id,
        state__in=Backtest.LIVE,
        defaults={
            "organization_id": organization_id, "requested_by": user, "most": most,
            "state": Backtest.State.PENDING, "trial": trial.as_json(),
        },
    )  # fmt: skip
    if row.trial != trial.as_json():
        raise InvalidChange(_("Another backtest is under way."))
    if created:
        rows = Backtest.objects.filter(organization_id=organization_id)
        kept = rows.order_by("-pk").values_list("pk", flat=True)[:KEPT]
        rows.exclude(pk__in=list(kept)).delete()
    return row


def _check(organization_id: int, trial: Trial) -> None:
    """Refuse a trial that cannot be done."""
    if not trial.kind:
        return
    if trial.kind not in KINDS:
        raise InvalidChange(_("Choose one of the values."), "trial")
    if trial.kind == MODEL:
        _check_models(organization_id, trial)
    elif trial.kind == PROMPT:
        _check_prompt(organization_id, trial)
    elif trial.floor is None and not trial.solved:
        raise InvalidChange(_("Say what the rule is."), "floor")
    elif trial.floor is not None and not LOWEST_FLOOR <= trial.floor <= HIGHEST_FLOOR:
        words = _("A likeness is between %(least)s and %(most)s.")
        raise InvalidChange(words % {"least": LOWEST_FLOOR, "most": HIGHEST_FLOOR}, "floor")


def _check_models(organization_id: int, trial: Trial) -> None:
    rows = TrainedModel.objects.filter(organization_id=organization_id)
    kept = set(rows.values_list("kind", "version"))
    if not trial.models or not set(trial.models) <= kept:
        raise InvalidChange(_("Choose a version that is kept."), "models")


def _check_prompt(organization_id: int, trial: Trial) -> None:
    try:
        steps = parse_route(trial.route)
    except BadRoute as error:
        raise InvalidChange(str(error), "route") from None
    if len(steps) != 1 or not is_set_up(steps[0].provider):
        raise InvalidChange(_("Choose a service that is set up."), "route")
    if len(trial.prompt) > LONGEST_PROMPT:
        words = _("At most %(most)d characters.") % {"most": LONGEST_PROMPT}
        raise InvalidChange(words, "prompt")
    policy = Policy.objects.filter(organization_id=organization_id).first()
    if policy and policy.external == Policy.External.NEVER:
        raise InvalidChange(_("The AI policy lets no text leave."), "route")
