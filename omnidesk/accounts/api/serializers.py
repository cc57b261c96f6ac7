"""People, sessions and keys as the API shows and takes them."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from omnidesk.accounts.models import ApiKey, User, validate_timezone
from omnidesk.accounts.roles import Role
from omnidesk.core.api.serializers import PageQuery, StrictSerializer, Text

_RANKS = [role.value for role in Role]


class PlaceSerializer(serializers.Serializer[Any]):
    """An organization and the person's role there."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)


class TeamPlaceSerializer(serializers.Serializer[Any]):
    """A team the person is in."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    organization = serializers.IntegerField()


class UserSerializer(serializers.Serializer[User]):
    """A person with organizations, role and teams. Wants memberships and teams prefetched."""

    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()
    phone = serializers.CharField()
    job_title = serializers.CharField()
    site = serializers.CharField()
    language = serializers.CharField()
    timezone = serializers.CharField()
    theme = serializers.CharField()
    is_active = serializers.BooleanField()
    role = serializers.SerializerMethodField(help_text=_("The highest of all organizations."))
    organizations = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=Role.choices, allow_null=True))
    def get_role(self, user: User) -> str | None:
        """The highest role anywhere; a superuser is an administrator."""
        if user.is_superuser:
            return Role.ADMINISTRATOR.value
        roles = [membership.role for membership in user.memberships.all()]
        return max(roles, key=_RANKS.index, default=None)

    @extend_schema_field(PlaceSerializer(many=True))
    def get_organizations(self, user: User) -> list[dict[str, Any]]:
        """Organizations with the role held there."""
        return [
            {
                "id": membership.organization_id,
                "slug": membership.organization.slug,
                "name": membership.organization.name,
                "role": membership.role,
            }
            for membership in user.memberships.all()
        ]

    @extend_schema_field(TeamPlaceSerializer(many=True))
    def get_teams(self, user: User) -> list[dict[str, Any]]:
        """Teams, each with its organization's id."""
        places = [place.team for place in user.team_memberships.all()]
        return [
            {"id": t.pk, "slug": t.slug, "name": t.name, "organization": t.organization_id}
            for t in places
        ]


class ProfileInput(StrictSerializer):
    """What people may change about themselves."""

    name = Text(max_length=150, allow_blank=True, required=False)
    phone = Text(max_length=32, allow_blank=True, required=False)
    job_title = Text(max_length=120, allow_blank=True, required=False)
    site = Text(max_length=120, allow_blank=True, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, allow_blank=True, required=False)
    timezone = Text(max_length=64, allow_blank=True, required=False)
    theme = serializers.ChoiceField(
        choices=[("light", _("Light")), ("dark", _("Dark"))], allow_blank=True, required=False
    )

    def validate_timezone(self, value: str) -> str:
        """A zone this machine knows, or empty for the organization's."""
        try:
            validate_timezone(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None
        return value


class NewUserInput(StrictSerializer):
    """A person to create. Without a password they set one through "forgotten password"."""

    email = serializers.EmailField(max_length=254)
    name = Text(max_length=150, allow_blank=True, required=False, default="")
    role = serializers.ChoiceField(
        choices=Role.choices, required=False, default=Role.REQUESTER.value
    )
    organization = Text(
        max_length=60,
        required=False,
        help_text=_("Short name; needed by administrators of several organizations."),
    )
    password = Text(max_length=128, required=False, trim_whitespace=False)


class UserQuery(PageQuery):
    """Filters of the people list."""

    q = Text(max_length=200, required=False, help_text=_("Part of the name or address."))
    organization = Text(max_length=60, required=False, help_text=_("Short name."))
    role = serializers.ChoiceField(choices=Role.choices, required=False)


class RegisterInput(StrictSerializer):
    """A new account."""

    email = serializers.EmailField(max_length=254)
    password = Text(max_length=128, trim_whitespace=False)
    name = Text(max_length=150, allow_blank=True, required=False, default="")


class LoginInput(StrictSerializer):
    """Credentials; `code` is due where the person uses a second factor."""

    email = serializers.EmailField(max_length=254)
    password = Text(max_length=128, trim_whitespace=False)
    code = Text(max_length=32, allow_blank=True, required=False, default="")


class RefreshInput(StrictSerializer):
    """The refresh token of a pair."""

    refresh = Text(max_length=4096)


class LogoutInput(StrictSerializer):
    """Nothing is needed; the refresh token may be sent along."""

    refresh = Text(max_length=4096, required=False)


class PasswordInput(StrictSerializer):
    """The old and the new password."""

    current_password = Text(max_length=128, trim_whitespace=False)
    new_password = Text(max_length=128, trim_whitespace=False)


class TokenPairSerializer(serializers.Serializer[Any]):
    """Tokens; the access token lives `expires_in` seconds."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()


class RegisteredSerializer(serializers.Serializer[Any]):
    """What happens next."""

    email = serializers.EmailField()
    detail = serializers.CharField()


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key without its secret."""

    class Meta:
        model = ApiKey
        fields = ("id", "name", "hint", "created_at", "last_used_at", "expires_at")
        read_only_fields = fields


class NewKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key with its secret, shown this once."""

    key = serializers.CharField(read_only=True)

    class Meta:
        model = ApiKey
        fields = (*KeySerializer.Meta.fields, "key")
        read_only_fields = fields


class KeyInput(StrictSerializer):
    """A key to create."""

    name = Text(max_length=80)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class SystemInfoSerializer(serializers.Serializer[Any]):
    """The installation: version, parts, switches."""

    version = serializers.CharField()
    build = serializers.CharField(allow_null=True)
    parts = serializers.DictField(child=serializers.CharField())
    features = serializers.DictField(child=serializers.BooleanField())
    limits = serializers.DictField(child=serializers.IntegerField())
