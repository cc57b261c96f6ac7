"""Writes to people, organizations and teams. Callers hold the organization's scope."""

from collections.abc import Mapping, Sequence

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Membership, Organization, Team, TeamMembership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import current_organizations, extend_scope
from omnidesk.core.text import one_line


@transaction.atomic
def create_organization(
    *, name: str, slug: str, domains: list[str] | None = None, language: str = "en",
    timezone: str = "UTC",
) -> Organization:  # fmt: skip
    """Create an organization and let the running scope see it.

    Its catalogue (statuses and the like) is the domain's business: use
    `tickets.actions.set_up_organization` afterwards.
    """
    organization = Organization.objects.create(
        name=name,
        slug=slug,
        domains=[d.lower() for d in domains or []],
        language=language,
        timezone=timezone,
    )
    extend_scope(organization.pk)
    return organization


@transaction.atomic
def add_member(*, organization: Organization, user: User, role: Role | str) -> Membership:
    """Give `user` a role there; an existing membership takes the new role."""
    membership, _created = Membership.objects.update_or_create(
        organization=organization, user=user, defaults={"role": Role(role).value}
    )
    if hasattr(user, "_roles"):
        del user._roles
    return membership


@transaction.atomic
def add_to_team(*, team: Team, user: User) -> TeamMembership:
    """Put an agent into a team; twice is once."""
    place, _created = TeamMembership.objects.get_or_create(
        team=team, user=user, defaults={"organization_id": team.organization_id}
    )
    return place


@transaction.atomic
def find_or_create_requester(*, organization_id: int, email: str, name: str = "") -> User:
    """The person with this address, made a requester of the organization if new there.

    A created person cannot sign in until they confirm the address and set a password. Two
    mails of the same new sender arriving at once end with one person.
    """
    if organization_id not in current_organizations():
        raise PermissionError("The organization is outside the running scope.")
    address = email.strip().lower()
    user = User.objects.filter(email=address).first() or _create_person(address, name)
    if name and not user.name:
        User.objects.filter(pk=user.pk).update(name=one_line(name, 150))
    Membership.objects.get_or_create(organization_id=organization_id, user=user)
    return user


@transaction.atomic
def find_or_create_requesters(*, organization_id: int, names: Mapping[str, str]) -> dict[str, User]:
    """The people with these addresses (address -> name, '' where none is known) by address.

    The same as `find_or_create_requester` for many. Queries: 2, 2 more for new people, 1 for new
    members, 1 for each whose name was not known.
    """
    if organization_id not in current_organizations():
        raise PermissionError("The organization is outside the running scope.")
    wanted = {address.strip().lower(): one_line(name, 150) for address, name in names.items()}
    found = {user.email: user for user in User.objects.filter(email__in=wanted)}
    # In one order, so that two batches with the same new people do not wait for each other.
    new = sorted(set(wanted) - set(found))
    if new:
        people = [User(email=address, name=wanted[address]) for address in new]
        for person in people:
            person.set_unusable_password()
        User.objects.bulk_create(people, ignore_conflicts=True)
        found |= {user.email: user for user in User.objects.filter(email__in=new)}
    for address, user in found.items():
        if wanted[address] and not user.name:
            User.objects.filter(pk=user.pk).update(name=wanted[address])
    _join(organization_id, sorted(user.pk for user in found.values()))
    return found


def _join(organization_id: int, user_ids: Sequence[int]) -> None:
    here = Membership.objects.filter(organization_id=organization_id, user__in=user_ids)
    members = set(here.values_list("user_id", flat=True))
    Membership.objects.bulk_create(
        (
            Membership(organization_id=organization_id, user_id=user_id)
            for user_id in user_ids
            if user_id not in members
        ),
        ignore_conflicts=True,
    )


def _create_person(address: str, name: str) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(address, None, name=one_line(name, 150))
    except IntegrityError:
        return User.objects.get(email=address)


def set_theme(*, user: User, theme: str) -> None:
    """Keep a person's colour theme; anything unknown means "as the system"."""
    known = {value for value, _label in User.theme.field.choices or ()}
    User.objects.filter(pk=user.pk).update(theme=theme if theme in known else "")


def set_writing(*, user: User, undo_seconds: int, opens_next: bool) -> None:
    """Keep how a person sends: how long an answer can be taken back, and what opens then."""
    known = {value for value, _label in User.undo_seconds.field.choices or ()}
    if undo_seconds not in known:
        raise BadInput(_("Choose one of the list."), "undo_seconds")
    user.undo_seconds, user.opens_next = undo_seconds, opens_next
    user.save(update_fields=["undo_seconds", "opens_next"])


@transaction.atomic
def update_profile(*, user: User, values: Mapping[str, str]) -> User:
    """Change what people may change about themselves; `values` are validated."""
    for field, value in values.items():
        setattr(user, field, one_line(value, 150))
    user.save(update_fields=list(values))
    return user


@transaction.atomic
def invite(
    *, organization: Organization, email: str, role: str, name: str = "", password: str = ""
) -> User:
    """Make a person a member; someone new without a password sets one by "forgotten password".

    Name and password of somebody who has an account already stay as they are. Raises
    `BadInput` for a member and for a weak password.
    """
    address = email.strip().lower()
    user = User.objects.filter(email=address).first()
    if user is None:
        if password:
            _check_password(password, User(email=address, name=name))
        user = _create_person(address, name)
        EmailAddress.objects.get_or_create(
            user=user, email=address, defaults={"primary": True, "verified": False}
        )
        if password:
            user.set_password(password)
            user.save(update_fields=["password"])
    elif Membership.objects.filter(organization=organization, user=user).exists():
        raise BadInput(_("This person is a member already."), "email")
    add_member(organization=organization, user=user, role=role)
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), "password") from None
