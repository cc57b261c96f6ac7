"""ai/models/status/ and ai/train/."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import client
from ai.actions.training import start_training
from ai.api.common import organization_of
from ai.api.serializers import ModelsStatusSchema, TrainingSerializer, TrainInput
from ai.engine.embed import PACKAGED_MODEL
from ai.models import TrainedModel, Training
from ai.routes import LOCAL, PURPOSES, is_set_up, route_of
from ai.status_selectors import queue_of
from ai.tasks import train
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.api.views import ApiView


class ModelsStatusView(ApiView):
    """GET ai/models/status/."""

    @extend_schema(
        operation_id="ai_models_status", tags=["ai"], responses={200: ModelsStatusSchema}
    )
    def get(self, request: Request) -> Response:
        """Every model with its measured quality, and how busy they are; for the desk."""
        user = caller(request)
        if not user.is_agent:
            raise PermissionDenied(_("Only the service desk can do this."))
        try:
            worker: dict[str, Any] | None = client.status()
        except client.AiUnavailable:
            worker = None
        queue = queue_of(sorted(user.staffed_organization_ids()))
        texts = worker["texts"] if worker else 0
        return Response(
            {
                "reachable": worker is not None,
                "models": [_embedding(worker), *_learned(user, worker)],
                "services": _services(),
                "queue_length": queue["waiting"] + queue["running"],
                "mean_batch_size": worker["mean_batch"] if worker else None,
                "largest_batch_size": worker["largest_batch"] if worker else None,
                "cache_hit_rate": worker["cache_hits"] / texts if worker and texts else None,
            }
        )


def _embedding(worker: dict[str, Any] | None) -> dict[str, Any]:
    """The embedding model: as the worker has it, or as it is set up while nobody answers."""
    return {
        "name": worker["model"] if worker else settings.EMBEDDING_MODEL or PACKAGED_MODEL,
        "kind": "embedding",
        "organization": None,
        "version": None,
        "device": worker["device"] if worker else None,
        "precision": worker["precision"] if worker else None,
        "loaded": worker is not None,
        "last_trained": None,
        "trained_on": None,
        "quality": None,
    }


def _learned(user: User, worker: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The classifiers in use; one is loaded once a ticket needed it."""
    rows = TrainedModel.objects.filter(
        organization_id__in=user.staffed_organization_ids(), is_active=True
    )
    held = set(worker.get("trained", ())) if worker else set()
    return [
        {
            "name": f"{row.kind} of {row.organization.slug}",
            "kind": row.kind,
            "organization": row.organization.slug,
            "version": str(row.version),
            "device": "cpu",
            "precision": "float16",
            "loaded": row.pk in held,
            "last_trained": row.created_at,
            "trained_on": row.trained_on,
            "quality": row.metrics,
        }
        for row in rows.defer("content").select_related("organization")
    ]


def _services() -> list[dict[str, str]]:
    """Who else is asked for what, in order; nothing where no key is set."""
    found = []
    for purpose in PURPOSES:
        for step in route_of(purpose):
            if step.provider == LOCAL:
                break
            if is_set_up(step.provider):
                found.append({"purpose": purpose, "provider": step.provider, "model": step.model})
    return found


class TrainView(ApiView):
    """POST ai/train/."""

    @extend_schema(
        operation_id="ai_train",
        tags=["ai"],
        request=TrainInput,
        responses={202: TrainingSerializer},
    )
    def post(self, request: Request) -> Response:
        """Learn from the organization's history, in the background; for leads."""
        given = self.read(TrainInput)
        user = caller(request)
        organization_id = organization_of(user, given.get("organization"))
        _need_lead(user, organization_id)
        training = start_training(organization_id=organization_id, user=user)
        transaction.on_commit(lambda: train.delay(organization_id, training.pk))
        return Response(TrainingSerializer(training).data, status=202)


class TrainingView(ApiView):
    """GET ai/train/{id}/."""

    @extend_schema(operation_id="ai_training", tags=["ai"], responses={200: TrainingSerializer})
    def get(self, request: Request, training_id: int) -> Response:
        """How far a training is, what it brought, or why it failed."""
        user = caller(request)
        training = Training.objects.filter(
            pk=training_id, organization_id__in=user.staffed_organization_ids()
        ).first()
        if training is None:
            raise Http404(_("There is no such training here."))
        return Response(TrainingSerializer(training).data)


def _need_lead(user: User, organization_id: int) -> None:
    if not user.has_role(organization_id, Role.LEAD):
        raise PermissionDenied(_("Only a lead can start a training."))
