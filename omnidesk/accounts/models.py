"""User, Organization, Membership, Team: who may see and do what."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.roles import STAFF_ROLES, Role, at_least
from omnidesk.core.models import TenantModel, TimestampedModel
from omnidesk.core.tenancy import all_organization_ids
from omnidesk.core.text import initials, valid_timezone


def validate_timezone(value: str) -> None:
    """Refuse a zone name that this machine's zone database does not know."""
    if value and not valid_timezone(value):
        raise ValidationError(_("“%(zone)s” is not a known time zone."), params={"zone": value})


class Organization(TimestampedModel):
    """One IT department, or one client of a provider. Everything tenant-owned points here."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), unique=True)
    domains = ArrayField(
        models.CharField(max_length=253),
        verbose_name=_("e-mail domains"),
        default=list,
        blank=True,
        help_text=_("Senders and sign-ups from these domains belong to this organization."),
    )
    language = models.CharField(_("language"), max_length=8, default="en")
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    allows_guest_intake = models.BooleanField(_("guests may open tickets"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Replaced by the database whenever something that the desk keeps changes here.
    configuration = models.UUIDField(db_default=RandomUUID(), editable=False)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address, always stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Create a person; without a password they can only be written to until they set one."""
        if not email:
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Create an installation administrator: sees every organization."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by e-mail address, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person: requester, agent or administrator, known by e-mail address."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    job_title = models.CharField(_("job title"), max_length=120, blank=True)
    site = models.CharField(_("site"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    timezone = models.CharField(
        _("time zone"), max_length=64, blank=True, validators=[validate_timezone]
    )
    theme = models.CharField(
        _("theme"),
        max_length=8,
        blank=True,
        choices=[("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    undo_seconds = models.PositiveSmallIntegerField(
        _("an answer can be taken back"),
        choices=[
            (0, _("Not at all")),
            (5, _("For 5 seconds")),
            (15, _("For 15 seconds")),
            (30, _("For 30 seconds")),
        ],
        default=15,
    )
    opens_next = models.BooleanField(_("opens the next ticket after sending"), default=False)
    is_staff = models.BooleanField(_("may open the administration"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering: ClassVar[list[str]] = ["name", "email"]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep addresses comparable: one person per address, whatever its case."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    @property
    def display_name(self) -> str:
        """The name, or the address where no name is known."""
        return self.name or self.email

    @property
    def initials(self) -> str:
        """One or two letters for the round avatar."""
        return initials(self.display_name)

    def get_full_name(self) -> str:
        """Django's name for `display_name`."""
        return self.display_name

    def get_short_name(self) -> str:
        """The first name, for greetings."""
        return self.display_name.split()[0] if self.name else self.email

    def roles(self) -> dict[int, str]:
        """Organization id -> role, read once per instance.

        Row-level security lets a person read their own memberships in any scope that names
        them, and those of the scope's organizations.
        """
        if not hasattr(self, "_roles"):
            rows = Membership.objects.filter(user=self, organization__is_active=True).values_list(
                "organization_id", "role", "organization__configuration", "organization__name",
                "reads_all",
            )  # fmt: skip
            roles: dict[int, str] = {}
            configurations: dict[int, UUID] = {}
            names: dict[int, str] = {}
            reads: set[int] = set()
            for organization_id, role, configuration, name, reads_all in rows:
                if reads_all:
                    reads.add(organization_id)
                roles[organization_id] = role
                configurations[organization_id] = configuration
                names[organization_id] = name
            # Whole or not at all: another thread must not take a half-read list for all of it.
            self._configurations = configurations
            self._organization_names = names
            self._read_organizations = frozenset(reads)
            self._roles = roles
        return self._roles

    def configurations(self) -> dict[int, UUID]:
        """Organization id -> its configuration's version, read together with the roles."""
        self.roles()
        return self._configurations

    def organization_names(self) -> dict[int, str]:
        """Organization id -> its name, read together with the roles."""
        self.roles()
        return self._organization_names

    def read_organization_ids(self) -> frozenset[int]:
        """Organizations whose tickets this person reads without working there."""
        self.roles()
        return self._read_organizations

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What reads keep as long as this instance lives: one request."""
        return {}

    def visible_organization_ids(self) -> frozenset[int]:
        """Organizations this person's requests may see; all of them for a superuser."""
        return all_organization_ids() if self.is_superuser else frozenset(self.roles())

    def has_role(self, organization_id: int, needed: Role) -> bool:
        """Whether this person holds at least `needed` there."""
        return self.is_superuser or at_least(self.roles().get(organization_id), needed)

    def staffed_organization_ids(self) -> frozenset[int]:
        """Organizations where this person works tickets (agent or above)."""
        if self.is_superuser:
            return all_organization_ids()
        return frozenset(o for o, role in self.roles().items() if role in STAFF_ROLES)

    def administered_organization_ids(self) -> frozenset[int]:
        """Organizations that this person configures; all of them for a superuser."""
        if self.is_superuser:
            return all_organization_ids()
        return frozenset(o for o, r in self.roles().items() if at_least(r, Role.ADMINISTRATOR))

    @property
    def is_agent(self) -> bool:
        """Whether the desk is open to this person anywhere."""
        return bool(self.staffed_organization_ids())

    @property
    def is_lead(self) -> bool:
        """Whether this person leads a desk anywhere."""
        return self.is_superuser or any(at_least(r, Role.LEAD) for r in self.roles().values())


class Membership(TenantModel, TimestampedModel):
    """A person's role in one organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(
        _("role"), max_length=16, choices=Role.choices, default=Role.REQUESTER.value
    )
    reads_all = models.BooleanField(
        _("reads everybody's tickets"),
        default=False,
        help_text=_("In the portal, without answering them. Agents do so anyway."),
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "user"], name="accounts_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class Team(TenantModel, TimestampedModel):
    """A group of agents that tickets are routed to."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("short name"), max_length=80)
    description = models.TextField(
        _("description"), blank=True, help_text=_("What this team handles; the AI reads it.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    members: "models.ManyToManyField[User, Any]" = models.ManyToManyField(
        User, through="TeamMembership", related_name="teams", verbose_name=_("members")
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "slug"], name="accounts_team_slug_once")
        ]

    def __str__(self) -> str:
        return self.name


class TeamMembership(TenantModel):
    """An agent's place in a team (its own table, so that row-level security covers it)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="team_memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="team_memberships")

    class Meta:
        verbose_name = _("team membership")
        verbose_name_plural = _("team memberships")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["team", "user"], name="accounts_team_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class ApiKey(models.Model):
    """A person's key for programs. Only its SHA-256 is kept; the key itself is shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(_("SHA-256"), max_length=64, unique=True)
    hint = models.CharField(_("begins with"), max_length=12)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
