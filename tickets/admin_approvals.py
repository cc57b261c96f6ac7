"""Approvals in the administration: definitions to edit, requests to look at."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantStackedInline
from tickets.approval_selectors import problems_of
from tickets.models import Approval, ApprovalPolicy, ApprovalStep, ApprovalVote

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


class StepFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Refuses a definition that leads to nobody."""

    def clean(self) -> None:
        """Say beside each step why it cannot work."""
        super().clean()
        home = self.instance.organization_id
        if home is None or any(self.errors):
            return
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = [form for form in kept if not form.cleaned_data.get("DELETE")]
        if not kept:
            raise forms.ValidationError(_("An approval needs at least one step."))
        for form in kept:
            step: ApprovalStep = form.instance
            if step.team is not None and step.team.organization_id != home:
                form.add_error("team", _("This belongs to another organization."))
            elif problem := problems_of(step, home):
                form.add_error("approver_kind", problem)
            step.organization_id = home


class StepInline(TenantStackedInline):
    """Whom the steps ask."""

    model = ApprovalStep
    formset = StepFormSet
    fields = (("position", "quorum"), "approver_kind", ("person", "team"), "delegate")
    autocomplete_fields = ("person", "team", "delegate")


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(TenantAdmin):
    """Ways to get a decision."""

    list_display = ("name", "deadline_hours", "on_expiry", "is_active", "standing", "organization")
    list_filter = ("is_active", "on_expiry", BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("name", "description")
    inlines = (StepInline,)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, policy: ApprovalPolicy) -> str:
        """What became wrong with it since it was saved, such as an approver who left."""
        steps = policy.steps.select_related("person", "team", "delegate")
        found = [problems_of(step, policy.organization_id) for step in steps]
        return next((problem for problem in found if problem), "") or _("In force")


class VoteInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """Who was asked and what they said."""

    model = ApprovalVote
    fields = ("position", "person", "instead_of", "state", "comment", "via", "answered_at")
    extra = 0


@admin.register(Approval)
class ApprovalAdmin(ReadOnly, TenantAdmin):
    """Questions asked on tickets."""

    list_display = ("ticket", "policy", "state", "asked_label", "created_at", "due_at")
    list_filter = ("state", ("policy", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("ticket", "policy")
    search_fields = ("=ticket__number", "question")
    inlines = (VoteInline,)


@admin.register(ApprovalVote)
class ApprovalVoteAdmin(ReadOnly, TenantAdmin):
    """Answers, one person each."""

    list_display = ("approval", "person", "instead_of", "state", "via", "answered_at")
    list_filter = ("state", "via", BY_ORGANIZATION)
    list_select_related = ("approval", "person")
    search_fields = ("=approval__ticket__number", "person__email", "comment")
    exclude = ("nonce",)


@admin.register(ApprovalStep)
class ApprovalStepAdmin(ReadOnly, TenantAdmin):
    """Steps of every definition; they are edited with it."""

    list_display = ("policy", "position", "approver_kind", "person", "team", "quorum")
    list_filter = ("approver_kind", BY_ORGANIZATION)
    list_select_related = ("policy", "person", "team")
    search_fields = ("policy__name", "person__email", "team__name")
