"""Forms of the administration, built from what a kind declares."""

from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from integrations.actions.channels import write_settings
from integrations.kinds import Kind, Of, Setting, fill
from integrations.models import Channel
from integrations.registry import kind_of
from omnidesk.core.admin import TenantForm
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import system_scope

_KEEPS: Promise = _("Kept encrypted. Leave empty to keep the present one.")


class ChannelForm(TenantForm):
    """A channel with its settings as fields; secrets go in and never come out."""

    kind_declared: ClassVar[Kind]

    class Meta:
        model = Channel
        fields = (
            "organization", "name", "is_active", "accepts_strangers", "default_team",
            "default_category", "send_limit",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = {**self.instance.settings, "address": self.instance.address}
        for one in self.kind_declared.settings:
            if one.name in self.fields and one.of is not Of.SECRET:
                self.fields[one.name].initial = present.get(one.name, one.default)

    def clean(self) -> dict[str, Any] | None:
        """Let the kind's own rules speak, each at its field."""
        values = super().clean() or self.cleaned_data
        given = {one.name: values.get(one.name) for one in self.kind_declared.settings}
        try:
            filled = fill(self.kind_declared, given, sealed=self.instance.sealed_secrets)
        except BadInput as problem:
            self.add_error(problem.field, str(problem))
            return values
        if self._address_taken(filled.address):
            self.add_error("address", _("Another channel has this address."))
        write_settings(self.instance, filled)
        # The address is a column as well: the form would write it back as it was typed.
        return {**values, "address": filled.address}

    def _address_taken(self, address: str) -> bool:
        if not address:
            return False
        others = Channel.objects.of_kind(self.kind_declared.key).exclude(pk=self.instance.pk)
        # Also another organization's, which this person cannot see.
        with system_scope():
            return others.filter(address=address).exists()


def form_for(key: str) -> type[ChannelForm]:
    """The form of one kind."""
    kind = kind_of(key)
    fields = {one.name: _field(one) for one in kind.settings}
    return type(f"{key.title()}ChannelForm", (ChannelForm,), {**fields, "kind_declared": kind})


def _field(one: Setting) -> forms.Field:
    common: dict[str, Any] = {"label": one.label, "required": False, "help_text": one.help}
    if one.required and one.of is not Of.SECRET:
        common["required"] = True
    if one.of is Of.SECRET:
        help_text = format_lazy("{} {}", one.help, _KEEPS) if one.help else _KEEPS
        widget = UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "off"})
        return forms.CharField(**{**common, "help_text": help_text}, strip=False, widget=widget)
    if one.of is Of.INTEGER:
        return forms.IntegerField(
            **common,
            min_value=one.minimum,
            max_value=one.maximum,
            widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        )
    if one.of is Of.FLAG:
        return forms.BooleanField(**common, widget=UnfoldBooleanSwitchWidget())
    if one.of is Of.CHOICE:
        empty = () if one.required else (("", "–"),)
        return forms.ChoiceField(
            **common, choices=(*empty, *one.choices), widget=UnfoldAdminSelectWidget()
        )
    widget = UnfoldAdminTextareaWidget() if one.of is Of.LONG else UnfoldAdminTextInputWidget()
    return forms.CharField(**common, widget=widget)
