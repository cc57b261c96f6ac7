"""Builders of conditions and actions in the administration."""

from copy import deepcopy
from typing import Any

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from omnidesk.core.admin import TenantAdmin, TenantForm, administered
from tickets.builder import BuilderField, redrawn


class BuilderForm(TenantForm):
    """A form whose builders know the organization they offer the rows of."""

    # Where script asks for a builder drawn anew; set by the page's `BuilderAdmin`.
    builder_url = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        home = self._home()
        for field in self.fields.values():
            if isinstance(field, BuilderField):
                field.organization_id = home
                field.url = f"{self.builder_url}?organization={home}" if self.builder_url else ""

    def _home(self) -> int:
        if self.instance.pk:
            return int(self.instance.organization_id)
        offered = getattr(self.fields.get("organization"), "queryset", None)
        given = self.data.get("organization") if self.is_bound else self.initial.get("organization")
        if offered is None or not str(given or "").isdecimal():
            return 0
        return int(str(given)) if offered.filter(pk=given).exists() else 0


class BuilderAdmin(TenantAdmin):
    """Draws builders anew while somebody builds."""

    def get_urls(self) -> list[URLPattern]:
        """With the address that draws."""
        view = self.admin_site.admin_view(self.builder_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_builder"
        return [path("builder/", view, name=name), *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **options: Any
    ) -> Any:
        """The form, which knows that address."""
        form = super().get_form(request, obj, change, **options)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_builder"
        form.builder_url = reverse(name)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """An organization to begin with: whoever administers several changes it."""
        first = min(administered(request), default=None)
        return {"organization": first, **super().get_changeform_initial_data(request)}

    def builder_view(self, request: HttpRequest) -> HttpResponse:
        """One builder with what was typed so far; nothing is stored."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise Http404
        name = request.POST.get("builder", "")
        known = self.form.base_fields.get(name)
        home = request.POST.get("organization") or request.GET.get("organization", "")
        if not isinstance(known, BuilderField) or not home.isdecimal():
            raise Http404
        if int(home) not in administered(request):
            raise Http404
        field = deepcopy(known)
        field.organization_id, field.url = int(home), request.get_full_path()
        return HttpResponse(redrawn(field, request.POST, name))
