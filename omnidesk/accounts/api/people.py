"""users/: the caller, and everybody for administrators."""

from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.actions import invite, update_profile
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.api.permissions import IsAdministrator
from omnidesk.accounts.api.serializers import (
    NewUserInput,
    ProfileInput,
    UserQuery,
    UserSerializer,
)
from omnidesk.accounts.models import Membership, Organization, TeamMembership, User
from omnidesk.core.api.conditional import check_unchanged, etag_of
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.problems import invalid
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.views import ApiView

ORDERINGS = {"created_at": Ordering("created_at"), "id": Ordering("pk", int)}


def with_places(users: QuerySet[User], organizations: frozenset[int]) -> QuerySet[User]:
    """`users` with their memberships and teams in `organizations`. Adds 2 queries."""
    memberships = Membership.objects.filter(organization_id__in=organizations)
    teams = TeamMembership.objects.filter(organization_id__in=organizations)
    return users.prefetch_related(
        Prefetch(
            "memberships",
            memberships.select_related("organization").order_by("organization__name"),
        ),
        Prefetch("team_memberships", teams.select_related("team").order_by("team__name")),
    )


def _shown(user: User) -> dict[str, Any]:
    own = with_places(User.objects.filter(pk=user.pk), user.visible_organization_ids())
    return dict(UserSerializer(own.get()).data)


class CurrentUserView(ApiView):
    """GET auth/user/."""

    @extend_schema(operation_id="current_user", tags=["accounts"], responses={200: UserSerializer})
    def get(self, request: Request) -> Response:
        """The caller, with organizations, role and teams."""
        return Response(_shown(caller(request)))


class MeView(ApiView):
    """GET, PUT, PATCH users/me/."""

    @extend_schema(operation_id="me_read", tags=["accounts"], responses={200: UserSerializer})
    def get(self, request: Request) -> Response:
        """The caller, with organizations, role and teams."""
        return Response(_shown(caller(request)))

    @extend_schema(
        operation_id="me_replace",
        tags=["accounts"],
        request=ProfileInput,
        responses={200: UserSerializer},
    )
    def put(self, request: Request) -> Response:
        """Replace the caller's profile; what is left out becomes empty."""
        return self._save(request, dict.fromkeys(ProfileInput().fields, ""))

    @extend_schema(
        operation_id="me_update",
        tags=["accounts"],
        request=ProfileInput,
        responses={200: UserSerializer},
    )
    def patch(self, request: Request) -> Response:
        """Change parts of the caller's profile."""
        return self._save(request, {})

    def _save(self, request: Request, blank: dict[str, str]) -> Response:
        user = User.objects.select_for_update().get(pk=caller(request).pk)
        given = self.read(ProfileInput)
        check_unchanged(request, tag=etag_of(_shown(user)))
        update_profile(user=user, values={**blank, **given})
        return Response(_shown(user))


class UsersView(ApiView):
    """GET, POST users/."""

    permission_classes = [IsAdministrator]

    @extend_schema(
        operation_id="users_list",
        tags=["accounts"],
        parameters=[UserQuery],
        responses={200: page_of(UserSerializer)},
    )
    def get(self, request: Request) -> Response:
        """People of the organizations that the caller administers."""
        user = caller(request)
        query = UserQuery.read(request)
        administered = user.administered_organization_ids()
        people = User.objects.all()
        # A superuser also sees people who belong nowhere yet.
        if not user.is_superuser or query.get("organization") or query.get("role"):
            places = Membership.objects.filter(organization_id__in=administered)
            if slug := query.get("organization"):
                places = places.filter(organization__slug=slug)
            if role := query.get("role"):
                places = places.filter(role=role)
            people = people.filter(pk__in=places.values("user_id"))
        if words := query.get("q"):
            people = people.filter(Q(name__icontains=words) | Q(email__icontains=words))
        page = Page(request, with_places(people, administered), ORDERINGS, "-created_at")
        return page.response(UserSerializer)

    @extend_schema(
        operation_id="users_create",
        tags=["accounts"],
        request=NewUserInput,
        responses={201: UserSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a person, or take an existing one into an organization."""
        given = self.read(NewUserInput)
        administered = caller(request).administered_organization_ids()
        organization = _organization(administered, given.pop("organization", ""))
        person = invite(organization=organization, **given)
        shown = with_places(User.objects.filter(pk=person.pk), administered).get()
        return Response(UserSerializer(shown).data, status=201)


def _organization(administered: frozenset[int], slug: str) -> Organization:
    organizations = {
        o.slug: o for o in Organization.objects.filter(pk__in=administered).order_by("pk")
    }
    if slug and slug in organizations:
        return organizations[slug]
    if not slug and len(organizations) == 1:
        return next(iter(organizations.values()))
    known = ", ".join(organizations)
    raise invalid({"organization": [_("One of %(known)s.") % {"known": known}]})
