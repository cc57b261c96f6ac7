"""notifications/ and tickets/{number}/watchers/."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery, StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.notify import mark_read, save_wishes, wishes_of
from tickets.actions.watch import follow, unfollow
from tickets.api.lookups import assignee_of
from tickets.api.serializers import PersonSerializer
from tickets.media import offers_for
from tickets.models import Notification, Ticket
from tickets.notice_selectors import current_zone_of, followers, readable_notifications, told
from tickets.notices import Digest, Kind, Medium, Wishes

ORDERINGS = {"at": Ordering("at")}


class NotificationQuery(PageQuery):
    """Filters of the list."""

    unread = serializers.BooleanField(required=False, default=False)


class NotificationSerializer(serializers.Serializer[Notification]):
    """One line of the caller's list; `text` is in the language of the request."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    text = serializers.SerializerMethodField()
    ticket = serializers.IntegerField(source="ticket.number")
    subject = serializers.CharField(source="ticket.subject")
    count = serializers.IntegerField()
    at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)

    def get_text(self, row: Notification) -> str:
        """The sentence that the page shows."""
        return told(row, row.count)


class NotificationsView(ApiView):
    """GET notifications/."""

    @extend_schema(
        operation_id="notifications_list",
        tags=["notifications"],
        parameters=[NotificationQuery],
        responses={200: page_of(NotificationSerializer)},
    )
    def get(self, request: Request) -> Response:
        """What the caller was told, newest first."""
        wanted = NotificationQuery.read(request)
        rows = readable_notifications(caller(request))
        if wanted["unread"]:
            rows = rows.filter(read_at=None)
        return Page(request, rows, ORDERINGS, "-at").response(NotificationSerializer)


class ReadInput(StrictSerializer):
    """Which to mark; all where `ids` is left out."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=500,
        required=False,
    )


class ReadSerializer(serializers.Serializer[Any]):
    """How many were marked."""

    read = serializers.IntegerField()


class NotificationsReadView(ApiView):
    """POST notifications/read/."""

    @extend_schema(
        operation_id="notifications_read",
        tags=["notifications"],
        request=ReadInput,
        responses={200: ReadSerializer},
    )
    def post(self, request: Request) -> Response:
        """Mark notifications as read."""
        given = self.read(ReadInput)
        return Response({"read": mark_read(user=caller(request), ids=given.get("ids"))})


class WishesInput(StrictSerializer):
    """What the caller wants; what is left out stays."""

    choices = serializers.DictField(
        child=serializers.DictField(child=serializers.BooleanField()),
        required=False,
        help_text=f"{', '.join(Medium.values)} -> kind -> on",
    )
    digest = serializers.ChoiceField(choices=Digest.choices, required=False)
    quiet_from = serializers.TimeField(allow_null=True, required=False)
    quiet_to = serializers.TimeField(allow_null=True, required=False)


class MediumSerializer(serializers.Serializer[Any]):
    """A medium, whether it can reach the caller now, and a sentence about it."""

    medium = serializers.ChoiceField(choices=Medium.choices)
    possible = serializers.BooleanField()
    detail = serializers.CharField()


class WishesSerializer(serializers.Serializer[Any]):
    """The whole choice, with the defaults filled in."""

    choices = serializers.DictField(child=serializers.DictField(child=serializers.BooleanField()))
    digest = serializers.ChoiceField(choices=Digest.choices)
    quiet_from = serializers.TimeField(allow_null=True)
    quiet_to = serializers.TimeField(allow_null=True)
    timezone = serializers.CharField()
    media = MediumSerializer(many=True)


def _shown(user: User, wishes: Wishes) -> dict[str, Any]:
    choices = {
        medium.value: {kind.value: wishes.wants(kind, medium) for kind in Kind} for medium in Medium
    }
    return dict(
        WishesSerializer(
            {
                "choices": choices,
                "digest": wishes.digest,
                "quiet_from": wishes.quiet_from,
                "quiet_to": wishes.quiet_to,
                "timezone": wishes.zone,
                "media": [
                    {"medium": medium.value, "possible": offer.possible, "detail": offer.words}
                    for medium, offer in offers_for(user).items()
                ],
            }
        ).data
    )


class NotificationSettingsView(ApiView):
    """GET, PATCH notifications/settings/."""

    @extend_schema(
        operation_id="notification_settings_read",
        tags=["notifications"],
        responses={200: WishesSerializer},
    )
    def get(self, request: Request) -> Response:
        """What the caller is told, by which medium and when."""
        user = caller(request)
        return Response(_shown(user, wishes_of([user])[user.pk]))

    @extend_schema(
        operation_id="notification_settings_update",
        tags=["notifications"],
        request=WishesInput,
        responses={200: WishesSerializer},
    )
    def patch(self, request: Request) -> Response:
        """Change some of it."""
        given = self.read(WishesInput)
        user = caller(request)
        before = wishes_of([user])[user.pk]
        chosen = {medium: dict(kinds) for medium, kinds in before.choices.items()}
        for medium, kinds in given.get("choices", {}).items():
            chosen.setdefault(medium, {}).update(kinds)
        row = save_wishes(
            user=user,
            wishes=Wishes(
                choices=chosen,
                digest=given.get("digest", before.digest),
                quiet_from=given.get("quiet_from", before.quiet_from),
                quiet_to=given.get("quiet_to", before.quiet_to),
                zone=before.zone,
            ),
        )
        return Response(_shown(user, row.wishes(current_zone_of(user))))


class WatcherInput(StrictSerializer):
    """Whom it is about; the caller where it is left out."""

    user = Text(required=False, max_length=254, help_text="E-mail address of an agent.")


class WatchersView(ApiView):
    """GET, POST, DELETE tickets/{number}/watchers/."""

    @extend_schema(
        operation_id="watchers_list", tags=["tickets"], responses={200: PersonSerializer(many=True)}
    )
    def get(self, request: Request, number: str) -> Response:
        """Who follows the ticket."""
        ticket = access_ticket(caller(request), number, need="work")
        return Response(_people(ticket))

    @extend_schema(
        operation_id="watchers_create",
        tags=["tickets"],
        request=WatcherInput,
        responses={200: PersonSerializer(many=True)},
    )
    def post(self, request: Request, number: str) -> Response:
        """Follow the ticket, or let a colleague follow it; twice is once."""
        user = caller(request)
        given = self.read(WatcherInput)
        ticket = access_ticket(user, number, need="work", lock=True)
        who = assignee_of(ticket.organization_id, given["user"]) if "user" in given else user
        follow(ticket=ticket, actor=Actor.person(user), user=who or user)
        return Response(_people(ticket))

    @extend_schema(operation_id="watchers_delete", tags=["tickets"], responses={204: None})
    def delete(self, request: Request, number: str) -> Response:
        """Stop following the ticket."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        unfollow(ticket=ticket, actor=Actor.person(user), user=user)
        return Response(status=204)


def _people(ticket: Ticket) -> list[Any]:
    return list(PersonSerializer(followers(ticket), many=True).data)
