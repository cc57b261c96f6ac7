"""Every field that an administrator sets says what it does."""

from typing import Any

from django.contrib import admin
from django.test import RequestFactory

from omnidesk.core.tenancy import system_scope
from tests.cast import Cast

# Nobody sets up the desk in the tables of libraries.
NOT_OURS = {"account", "mfa", "django_celery_beat"}
# Labels that leave nothing to explain; conditions and actions are built in words on the page.
PLAIN = {
    "condition", "conditions", "actions",
    "name", "title", "user", "person", "team", "email", "subject", "text", "body", "label",
    "description", "summary", "intro", "icon", "group", "category", "urgency", "impact",
    "priority", "help", "minimum", "maximum", "is_required", "takes_files", "weekday", "date",
    "opens", "closes", "every_year", "every", "at", "zone", "starts", "ends", "skips_holidays",
    "requester", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "target", "role", "kind", "level", "calendar", "action", "audience", "field", "approver_kind",
    "on_expiry", "approved_status", "rejected_status", "digest", "quiet_from", "quiet_to",
    "is_on", "scale", "phone", "reason", "url", "channel", "headers", "seconds", "forget_token",
    "external", "daily_cost", "daily_tokens", "default_team", "default_category", "imap_port",
    "imap_security", "smtp_port", "smtp_security", "oauth_client_id",
}  # fmt: skip


def unexplained(form: Any) -> list[str]:
    return [
        name
        for name, field in form.base_fields.items()
        if not field.help_text and not field.widget.is_hidden and name not in PLAIN
    ]


def test_every_field_is_explained(cast: Cast) -> None:
    request = RequestFactory().get("/admin/")
    request.user = cast.admin
    found: dict[str, list[str]] = {}
    with system_scope():
        for model, options in admin.site._registry.items():
            if model._meta.app_label in NOT_OURS:
                continue
            if options.has_add_permission(request) or options.has_change_permission(request):
                found[model._meta.label] = unexplained(options.get_form(request, None))
            for inline in options.get_inline_instances(request):
                if inline.has_add_permission(request, None):
                    form = inline.get_formset(request, None).form
                    found[f"{model._meta.label}/{inline.model.__name__}"] = unexplained(form)
    assert {name: fields for name, fields in found.items() if fields} == {}
    # Not a comparison of nothing with nothing.
    assert len(found) > 40
