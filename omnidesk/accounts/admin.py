"""People, organizations, roles and teams in the administration."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.admin import Authenticator
from allauth.usersessions.admin import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from omnidesk.accounts.devices import device_words, sign_out_there
from omnidesk.accounts.models import (
    ApiKey,
    Membership,
    Organization,
    Team,
    TeamMembership,
    User,
)
from omnidesk.core.admin import Explained, ReadOnly, TenantAdmin, TenantInline, administered

# Roles say what people may do; Django's groups would be a second, competing answer.
admin.site.unregister(Group)
admin.site.unregister(UserSession)
admin.site.unregister(Authenticator)


class NewPersonForm(UserCreationForm):  # type: ignore[misc]
    """A person with a first password."""

    class Meta:
        model = User
        fields = ("email", "name")


class PersonForm(UserChangeForm):  # type: ignore[misc]
    """A person's facts."""

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """People. Superusers change them; administrators see those of their organizations."""

    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_superuser", "last_login", "created_at")
    list_filter = ("is_active", "is_superuser", "is_staff", "language", "created_at")
    search_fields = ("email", "name", "phone")
    ordering = ("email",)
    filter_horizontal = ()
    show_full_result_count = False
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (_("Contact"), {"fields": ("phone", "job_title", "site")}),
        (_("Shown as"), {"fields": ("language", "timezone", "theme")}),
        (_("Writing"), {"fields": ("undo_seconds", "opens_next")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Everybody for superusers, else the members of administered organizations."""
        people: QuerySet[User] = super().get_queryset(request)
        if request.user.is_superuser:
            return people
        members = Membership.objects.filter(organization_id__in=administered(request))
        return people.filter(Q(pk__in=members.values("user_id")))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """No password hash for those who may not change it."""
        if request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": ("email", "name", "phone", "job_title", "site", "is_active")}),)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators of any organization."""
        return request.user.is_superuser or bool(administered(request))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody: tickets and the log name people. Make them inactive instead."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Keep the sign-in address in step; who enters it here vouches for it."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).exclude(email=obj.email).delete()
            EmailAddress.objects.update_or_create(
                user=obj, email=obj.email, defaults={"verified": True, "primary": True}
            )


@admin.register(Organization)
class OrganizationAdmin(Explained, ModelAdmin):  # type: ignore[misc]
    """Organizations; only superusers see this page."""

    helps = {
        "language": _("Of mails to whoever chose none."),
        "timezone": _("Of its days, reports and working hours."),
        "allows_guest_intake": _("Strangers write without an account and follow by a mailed link."),
    }
    list_display = ("name", "slug", "is_active", "language", "timezone", "created_at")
    list_filter = ("is_active", "language", "created_at")
    search_fields = ("name", "slug", "domains")
    prepopulated_fields = {"slug": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: all of its tickets would go. Make it inactive instead."""
        return False


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    """Who holds which role where."""

    helps = {
        "role": _("Requesters ask, agents answer, leads see all figures, administrators set up."),
    }
    list_display = ("user", "organization", "role", "reads_all", "created_at")
    list_filter = (
        "role",
        "reads_all",
        ("organization", admin.RelatedOnlyFieldListFilter),
        "created_at",
    )
    list_select_related = ("user", "organization")
    search_fields = ("user__email", "user__name")
    autocomplete_fields = ("user",)


class TeamMemberInline(TenantInline):
    """A team's members."""

    model = TeamMembership
    fields = ("user",)
    autocomplete_fields = ("user",)


@admin.register(Team)
class TeamAdmin(TenantAdmin):
    """Teams that tickets are routed to."""

    list_display = ("name", "slug", "organization", "is_active")
    list_filter = ("is_active", ("organization", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("organization",)
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (TeamMemberInline,)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A short name in use stays as it is."""
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members belong to the team's organization."""
        for place in formset.save(commit=False):
            place.organization_id = form.instance.organization_id
            place.save()
        for place in formset.deleted_objects:
            place.delete()


@admin.register(TeamMembership)
class TeamMembershipAdmin(TenantAdmin):
    """Every agent's place in a team."""

    list_display = ("user", "team", "organization")
    list_filter = (
        ("team", admin.RelatedOnlyFieldListFilter),
        ("organization", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user", "team", "organization")
    search_fields = ("user__email", "user__name", "team__name")
    autocomplete_fields = ("user", "team")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """People's API keys: superusers see and delete them, nobody sees the key itself."""

    list_display = ("name", "user", "hint", "created_at", "last_used_at", "expires_at")
    list_filter = ("created_at", "last_used_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("name", "hint", "user__email")
    exclude = ("digest",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A lost key must be stoppable by somebody."""
        return bool(request.user.is_superuser)


@admin.register(UserSession)
class SessionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Where people are signed in. Deleting a row signs out there, at once."""

    list_display = ("user", "device", "ip", "created_at", "last_seen_at")
    list_filter = ("created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "ip", "user_agent")
    exclude = ("data",)

    @admin.display(description=_("device"))
    def device(self, row: UserSession) -> str:
        """Browser and system in words."""
        return device_words(row.user_agent)

    def has_delete_permission(self, request: HttpRequest, obj: UserSession | None = None) -> bool:
        """The installation's owners."""
        return bool(request.user.is_superuser)

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        """End the session behind the row."""
        sign_out_there(user=obj.user, keeping=None, pk=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        """End each of them."""
        for row in queryset:
            self.delete_model(request, row)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Second factors, their secrets shown to nobody. Deleting one lets in who lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")
    exclude = ("data",)

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """The installation's owners."""
        return bool(request.user.is_superuser)
