"""Whose knowledge a person may be told: the gate of search, answers and documents."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from ai.models import Document
from omnidesk.accounts.models import User

# The column is a bigint: a longer number cannot exist and must not reach the database.
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Audience:
    """Organizations a person works for (all they have) and those whose public knowledge they may
    read; none is in both."""

    staffed: tuple[int, ...] = ()
    public: tuple[int, ...] = ()

    @property
    def organizations(self) -> list[int]:
        """All of them."""
        return sorted({*self.staffed, *self.public})

    def only(self, wanted: Collection[int] | None) -> "Audience":
        """The same, narrowed to `wanted` organizations (None: not at all)."""
        if wanted is None:
            return self
        return Audience(
            tuple(pk for pk in self.staffed if pk in wanted),
            tuple(pk for pk in self.public if pk in wanted),
        )

    def as_requester(self) -> "Audience":
        """What a requester of all these organizations may be told."""
        return Audience((), tuple(self.organizations))


def audience_of(user: User) -> Audience:
    """What `user` may be told. Queries: 0 once their memberships are known."""
    staffed = user.staffed_organization_ids()
    return Audience(
        tuple(sorted(staffed)), tuple(sorted(user.visible_organization_ids() - staffed))
    )


def readable_documents(user: User) -> QuerySet[Document]:
    """Every document for those who work there; what requesters may be told for the others."""
    found = audience_of(user)
    shown = Q(organization_id__in=found.public, is_public=True, state=Document.State.READY)
    return Document.objects.filter(Q(organization_id__in=found.staffed) | shown)


def access_document(user: User, document_id: int) -> Document:
    """One document that `user` may read; anything else is not there."""
    row = None
    if 0 < document_id <= LARGEST_ID:
        row = readable_documents(user).filter(pk=document_id).first()
    if row is None:
        raise Http404(_("There is no such document here."))
    return row
