"""Senders whose mail is not wanted: addresses and domains, each with the reason."""

from collections.abc import Collection
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel


def check_sender(value: str) -> None:
    """Validator: an address, or a domain with or without its @."""
    domain = value.rpartition("@")[2]
    if any(one in value for one in " <>,;*") or "." not in domain or value.count("@") > 1:
        raise ValidationError(gettext("Enter an address such as a@example.org, or a domain."))


class BlockedSender(TenantModel, TimestampedModel):
    """Mail from it waits in quarantine, with the reason. A domain covers its subdomains."""

    sender = models.CharField(
        _("address or domain"), max_length=254, validators=[check_sender],
        help_text=_("Such as spam@example.org, or example.org for everybody there."),
    )  # fmt: skip
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        verbose_name = _("blocked sender")
        verbose_name_plural = _("blocked senders")
        ordering: ClassVar[list[str]] = ["sender"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "sender"], name="integrations_blocked_once"
            )
        ]

    def __str__(self) -> str:
        return self.sender

    def save(self, *args: object, **kwargs: object) -> None:
        """In lower case and without the @ of a domain: compared as it is."""
        self.sender = self.sender.strip().lower().removeprefix("@")
        super().save(*args, **kwargs)  # type: ignore[arg-type]


def block_on(organization_id: int, address: str) -> BlockedSender | None:
    """The row that blocks the address, the most exact first. Queries: 1."""
    rows = BlockedSender.objects.filter(
        sender__in=forms_of(address), organization_id=organization_id
    )
    return max(rows, key=lambda one: len(one.sender), default=None)


def blocked_among(organization_id: int, addresses: Collection[str]) -> set[str]:
    """Those of the addresses that a row blocks. Queries: 1."""
    forms = {address: forms_of(address) for address in addresses}
    rows = BlockedSender.objects.filter(
        sender__in=set().union(*forms.values()), organization_id=organization_id
    )
    blocked = set(rows.values_list("sender", flat=True))
    return {address for address, known in forms.items() if known & blocked}


def forms_of(address: str) -> set[str]:
    """What a row that blocks the address may say: itself, its domain, the domains above."""
    whole = address.strip().lower()
    labels = whole.rpartition("@")[2].split(".")[:20]
    return {whole, *(".".join(labels[start:]) for start in range(len(labels)))}
