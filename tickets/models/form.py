"""The request catalogue: groups, forms, what a form asks, and which tickets it opens."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team, User
from omnidesk.accounts.roles import Role
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.choices import Impact, Urgency
from tickets.field_config import condition_problem
from tickets.field_texts import unknown_names
from tickets.fields import in_words
from tickets.models.catalog import Category
from tickets.models.field import CustomField, conditions_of
from tickets.models.ticket import Ticket

# What a template may name besides the organization's custom fields.
TEMPLATE_NAMES = ("requester", "requester_email", "form", "note")
ICONS = (
    "alert", "key", "box", "laptop", "person-plus", "chat", "phone", "mail", "building", "globe",
    "shield", "lock", "calendar", "wifi-off", "plug", "gear", "file", "people", "book", "bolt",
)  # fmt: skip


def _check_templates(row: Any, *names: str) -> dict[str, str]:
    """Sentences for templates that name what nobody fills. Queries: 1."""
    fields = CustomField.objects.filter(organization_id=row.organization_id)
    known = {*fields.values_list("key", flat=True), *TEMPLATE_NAMES}
    found = {}
    for name in names:
        if unknown := unknown_names(getattr(row, name), known):
            found[name] = gettext("Nothing fills {%(name)s}. There is: %(known)s.") % {
                "name": unknown[0],
                "known": ", ".join(sorted(known)),
            }
    return found


class FormGroup(TenantModel):
    """A heading over tiles."""

    name = models.JSONField(_("name"), default=dict)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("group of forms")
        verbose_name_plural = _("groups of forms")
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return in_words(self.name, get_language() or "en", str(self.pk))


class RequestForm(TenantModel, TimestampedModel):
    """One tile of the catalogue and the form behind it."""

    key = models.SlugField(_("short name"), max_length=40, help_text=_("Stands in the address."))
    title = models.JSONField(_("title"), default=dict)
    summary = models.JSONField(_("line on the tile"), default=dict, blank=True)
    intro = models.JSONField(_("text above the form"), default=dict, blank=True)
    icon = models.CharField(
        _("icon"), max_length=20, default="file", choices=[(name, name) for name in ICONS]
    )
    group = models.ForeignKey(
        FormGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="forms"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    visible_to = models.CharField(
        _("visible to"),
        max_length=14,
        choices=Role.choices,
        default=Role.REQUESTER.value,
        help_text=_("This role and those above it."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    subject = models.CharField(
        _("subject of the ticket"),
        max_length=200,
        help_text=_("May hold values, such as: New colleague {new_name} on {first_day}"),
    )
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    urgency = models.CharField(
        _("urgency"), max_length=8, choices=Urgency.choices, default=Urgency.MEDIUM.value
    )
    impact = models.CharField(
        _("impact"), max_length=8, choices=Impact.choices, default=Impact.LOW.value
    )
    asks_note = models.BooleanField(
        _("asks for anything else"), default=True, help_text=_("A free text at the end.")
    )
    takes_files = models.BooleanField(_("takes files"), default=True)

    class Meta:
        verbose_name = _("request form")
        verbose_name_plural = _("request forms")
        ordering: ClassVar[list[str]] = ["position", "key"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "key"], name="tickets_form_key_once")
        ]

    def __str__(self) -> str:
        return in_words(self.title, get_language() or "en", self.key)

    @property
    def summary_words(self) -> str:
        """The tile's second line in the reader's language."""
        return in_words(self.summary, get_language() or "en")

    def clean(self) -> None:
        """Refuse a form without a title, or with a template nobody can fill."""
        super().clean()
        found = {} if any(self.title.values()) else {"title": gettext("Give it a title.")}
        if self.organization_id:
            found |= _check_templates(self, "subject")
        if found:
            raise ValidationError(found)


class FormItem(TenantModel):
    """One line of a form: a custom field, or a text between fields."""

    form = models.ForeignKey(RequestForm, on_delete=models.CASCADE, related_name="items")
    field = models.ForeignKey(
        CustomField, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    text = models.JSONField(_("text instead"), default=dict, blank=True)
    is_required = models.BooleanField(_("required here"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("line of a form")
        verbose_name_plural = _("lines of forms")
        ordering: ClassVar[list[str]] = ["position", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["form", "field"], name="tickets_form_field_once")
        ]

    def __str__(self) -> str:
        if self.field:
            return str(self.field)
        return in_words(self.text, get_language() or "en", str(self.pk))

    def clean(self) -> None:
        """A line asks or tells, never both, and never neither."""
        super().clean()
        if bool(self.field_id) == any(self.text.values()):
            raise ValidationError(_("Choose a field, or write a text."))


class FormTicket(TenantModel):
    """A further ticket that a form opens under the first one."""

    form = models.ForeignKey(RequestForm, on_delete=models.CASCADE, related_name="further")
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), max_length=5000, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    opened_when = models.JSONField(_("only when"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("further ticket of a form")
        verbose_name_plural = _("further tickets of forms")
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return self.subject

    def clean(self) -> None:
        """Refuse templates and conditions on what the form cannot know."""
        super().clean()
        if not self.organization_id:
            return
        found = _check_templates(self, "subject", "text")
        keys = set(
            CustomField.objects.filter(organization_id=self.organization_id).values_list(
                "key", flat=True
            )
        )
        if problem := condition_problem(conditions_of(self.opened_when), keys):
            found["opened_when"] = problem
        if found:
            raise ValidationError(found)


class FormSubmission(TenantModel):
    """A form that was sent, once per `token`: a second click finds the first one's tickets."""

    form = models.ForeignKey(
        RequestForm, on_delete=models.SET_NULL, null=True, related_name="submissions"
    )
    token = models.UUIDField(_("token"))
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    ticket = models.OneToOneField(
        Ticket, on_delete=models.CASCADE, null=True, related_name="submission"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("sent form")
        verbose_name_plural = _("sent forms")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "token"], name="tickets_submission_once")
        ]

    def __str__(self) -> str:
        return f"{self.form} {self.created_at:%Y-%m-%d}"


class SubmittedTicket(TenantModel):
    """A further ticket that a sent form opened."""

    submission = models.ForeignKey(
        FormSubmission, on_delete=models.CASCADE, related_name="ticket_links"
    )
    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="submitted_under")

    class Meta:
        verbose_name = _("ticket of a sent form")
        verbose_name_plural = _("tickets of sent forms")

    def __str__(self) -> str:
        return f"{self.submission_id} {self.ticket_id}"
