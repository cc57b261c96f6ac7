"""ai/tasks/: larger tasks, done in the background."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ai.actions.jobs import start_job
from ai.api.common import organization_of
from ai.api.serializers import OrganizationInput
from ai.jobs.registry import keys, kind_of
from ai.models import Job
from ai.tasks import do_job
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.api.limits import AiLimit, ApiLimit
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery, Text
from omnidesk.core.api.views import ApiView

LARGEST_ID = 2**63 - 1
ORDERINGS = {"created_at": Ordering("created_at")}


class JobInput(OrganizationInput):
    """What is to be done."""

    task_type = Text(
        max_length=40,
        help_text=gettext_lazy(
            "pr_review, doc_analysis, paper_writing, snowflake_query, custom, or one added here."
        ),
    )
    task_data = serializers.DictField(help_text=gettext_lazy("What the type asks for."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The data as the type wants them, every mistake named."""
        kind = kind_of(attrs["task_type"])
        if kind is None:
            known = ", ".join(keys())
            words = _("Not known here. One of: %(names)s.") % {"names": known}
            raise serializers.ValidationError({"task_type": [words]})
        filled = kind.input(data=attrs["task_data"])
        if not filled.is_valid():
            raise serializers.ValidationError({"task_data": filled.errors})
        return {**attrs, "task_data": dict(filled.validated_data)}


class JobQuery(PageQuery):
    """Query parameters of the list."""

    task_type = Text(required=False, max_length=40)
    state = serializers.ChoiceField(required=False, choices=Job.State.choices)


class CostSchema(serializers.Serializer[Any]):
    """What asking models outside cost."""

    usd = serializers.DecimalField(max_digits=12, decimal_places=6)
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()


class JobSerializer(serializers.ModelSerializer[Job]):
    """A task; `error` says in one sentence why it could not be done."""

    task_type = serializers.CharField(source="kind")
    task_data = serializers.DictField(source="data")
    result = serializers.DictField(allow_null=True)
    organization = serializers.IntegerField(source="organization_id")
    requested_by = serializers.EmailField(source="requested_by.email")
    started_at = serializers.DateTimeField(source="claimed_at", allow_null=True)
    cost = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = (
            "id", "task_type", "task_data", "organization", "requested_by", "state", "progress",
            "result", "error", "cost", "created_at", "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(CostSchema)
    def get_cost(self, row: Job) -> dict[str, Any]:
        """US dollars and tokens."""
        return {
            "usd": f"{row.cost_usd:.6f}",
            "tokens_in": row.tokens_in,
            "tokens_out": row.tokens_out,
        }


class JobsView(ApiView):
    """GET, POST ai/tasks/."""

    def get_throttles(self) -> list[ApiLimit | AiLimit]:  # type: ignore[override]
        """Handing over is model work; looking on is none."""
        return [ApiLimit(), *([AiLimit()] if self.request.method == "POST" else [])]

    @extend_schema(
        operation_id="ai_tasks_list",
        tags=["ai"],
        parameters=[JobQuery],
        responses={200: page_of(JobSerializer)},
    )
    def get(self, request: Request) -> Response:
        """The caller's tasks; a lead's organization's."""
        asked = JobQuery.read(request)
        rows = readable_jobs(_staff(request))
        if "task_type" in asked:
            rows = rows.filter(kind=asked["task_type"])
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        return Page(request, rows, ORDERINGS, "-created_at").response(JobSerializer)

    @extend_schema(
        operation_id="ai_tasks_create",
        tags=["ai"],
        request=JobInput,
        responses={202: JobSerializer},
    )
    def post(self, request: Request) -> Response:
        """Hand a task over; it is done in the background. For the desk."""
        user = _staff(request)
        given = self.read(JobInput)
        organization_id = organization_of(user, given.get("organization"))
        if organization_id not in user.staffed_organization_ids():
            raise PermissionDenied(_("Only the service desk can do this."))
        job = start_job(
            organization_id=organization_id,
            user=user,
            kind=given["task_type"],
            data=given["task_data"],
        )
        transaction.on_commit(lambda: do_job.delay(organization_id, job.pk))
        return Response(JobSerializer(job).data, status=202)


class JobView(ApiView):
    """GET ai/tasks/{id}/."""

    @extend_schema(operation_id="ai_tasks_read", tags=["ai"], responses={200: JobSerializer})
    def get(self, request: Request, job_id: int) -> Response:
        """How far a task is, its result and cost, or why it failed."""
        row = None
        if 0 < job_id <= LARGEST_ID:
            row = readable_jobs(caller(request)).filter(pk=job_id).first()
        if row is None:
            raise Http404(_("There is no such task here."))
        return Response(JobSerializer(row).data)


def readable_jobs(user: User) -> QuerySet[Job]:
    """The person's own tasks where they work, and all of an organization that they lead."""
    own = user.staffed_organization_ids()
    led = [pk for pk in own if user.has_role(pk, Role.LEAD)]
    mine = Q(requested_by=user, organization_id__in=own)
    return Job.objects.filter(mine | Q(organization_id__in=led)).select_related("requested_by")


def _staff(request: Request) -> User:
    user = caller(request)
    if not user.is_agent:
        raise PermissionDenied(_("Only the service desk can do this."))
    return user
