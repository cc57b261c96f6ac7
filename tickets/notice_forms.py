"""The form of what a person wants to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.notices import Digest, Kind, Medium, Wishes


@dataclass(frozen=True, slots=True)
class KindRow:
    """One line of the table: a kind of notice, and a box for each medium."""

    kind: Kind
    boxes: list[forms.BoundField]


class WishesForm(forms.Form):
    """A box for each kind and medium, the digest and the quiet hours."""

    digest = forms.ChoiceField(label=_("E-mails"), choices=Digest.choices)
    quiet_from = forms.TimeField(
        label=_("Quiet from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_to = forms.TimeField(
        label=_("until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(
        self, data: Any, *, kinds: Sequence[Kind], wishes: Wishes, media: Sequence[Medium]
    ) -> None:
        initial = {
            "digest": wishes.digest,
            "quiet_from": wishes.quiet_from,
            "quiet_to": wishes.quiet_to,
        }
        super().__init__(data, initial=initial)
        self.kinds = kinds
        self.ways = media
        self.before = wishes
        for kind in kinds:
            for medium in media:
                self.fields[f"{medium.value}-{kind.value}"] = forms.BooleanField(
                    label=f"{kind.label}: {medium.label}",
                    required=False,
                    initial=wishes.wants(kind, medium),
                )

    def rows(self) -> list[KindRow]:
        """The table."""
        return [
            KindRow(kind, [self[f"{medium.value}-{kind.value}"] for medium in self.ways])
            for kind in self.kinds
        ]

    def wishes(self, zone: str) -> Wishes:
        """What was chosen; kinds and media that the form does not offer stay as they were."""
        values = self.cleaned_data
        chosen = {
            medium.value: {
                **self.before.choices.get(medium.value, {}),
                **{kind.value: values[f"{medium.value}-{kind.value}"] for kind in self.kinds},
            }
            for medium in self.ways
        }
        return Wishes(
            choices={**self.before.choices, **chosen},
            digest=values["digest"],
            quiet_from=values["quiet_from"],
            quiet_to=values["quiet_to"],
            zone=zone,
        )
