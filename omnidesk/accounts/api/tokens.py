"""Sessions for programs: allauth's sign-in, stage by stage, answered with a pair of tokens.

Everything goes through allauth's own flows (its rate limits, confirmed addresses, second
factors, signals), on a session that belongs to the tokens alone and never becomes a cookie.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from allauth.account.adapter import get_adapter
from allauth.account.internal import flows
from allauth.account.internal.constants import LoginStageKey
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.models import Login
from allauth.headless import app_settings
from allauth.headless.account.inputs import SignupInput
from allauth.headless.constants import Client
from allauth.headless.internal import authkit, sessionkit
from allauth.headless.internal.decorators import mark_request_as_headless
from allauth.headless.tokens.strategies.jwt import internal
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.api.problems import Problem, invalid
from omnidesk.core.text import one_line

FAILED_SIGN_IN_PAUSE = 300


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a program keeps: `expires_in` seconds of the access token."""

    access: str
    refresh: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = settings.HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN

    def as_dict(self) -> dict[str, Any]:
        """The answer's body."""
        return asdict(self)


@contextmanager
def _session_of_its_own(request: HttpRequest) -> Iterator[None]:
    """Run allauth's flows on a new session; the caller's cookie session stays untouched."""
    mark_request_as_headless(request, Client.APP)
    user, session = request.user, request.session
    request.session = sessionkit.new_session()
    authkit.purge_request_user_cache(request)
    try:
        yield
    finally:
        request.user, request.session = user, session
        # Signing in rotates the CSRF token, which is the browser session's business.
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False


def sign_in(request: HttpRequest, email: str, password: str, code: str) -> TokenPair:
    """A new session's tokens. Raises a `Problem` naming what is missing or wrong."""
    with _session_of_its_own(request):
        user = _check_password(request, email, password)
        # allauth would issue tokens by itself for somebody it has not seen before.
        request.allauth.headless._pre_user = user  # type: ignore[attr-defined]
        login = Login(user=user, email=email)
        flows.login.perform_password_login(request, {"email": email, "password": password}, login)
        stage = get_pending_stage(request)
        if stage is not None and stage.key == AuthenticateStage.key:
            _check_code(stage, code)
            stage.exit()
            stage = get_pending_stage(request)
        if stage is not None and stage.key == LoginStageKey.VERIFY_EMAIL:
            raise Problem(
                "email-unverified",
                403,
                _("Confirm your e-mail address first: we sent you a link."),
                title=_("The address is not confirmed"),
            )
        if not request.user.is_authenticated:
            raise Problem("forbidden", 403, _("This account cannot sign in."))
        return _issue(request)


def _issue(request: HttpRequest) -> TokenPair:
    payload = app_settings.TOKEN_STRATEGY.create_access_token_payload(request)
    request.session.save()
    return TokenPair(payload["access_token"], payload["refresh_token"])


def _check_password(request: HttpRequest, email: str, password: str) -> User:
    try:
        user = get_adapter().authenticate(request, email=email, password=password)
    except ValidationError as error:
        _refuse_flood(error)
    if not isinstance(user, User):
        raise Problem(
            "invalid-credentials",
            401,
            _("The e-mail address and password do not match."),
            title=_("Sign-in failed"),
        )
    return user


def _check_code(stage: AuthenticateStage, code: str) -> None:
    if not code:
        raise Problem(
            "mfa-required",
            401,
            _("Send the code of your authenticator app as `code`, too."),
            title=_("A code is due"),
        )
    form = AuthenticateForm({"code": code}, user=stage.login.user)
    if not form.is_valid():
        for error in form.errors.as_data().get("code", []):
            if error.code == "too_many_login_attempts":
                _refuse_flood(error)
        raise Problem("invalid-code", 401, _("The code does not match."), title=_("Sign-in failed"))
    form.save()


def _refuse_flood(error: ValidationError) -> NoReturn:
    raise Problem(
        "rate-limited",
        429,
        " ".join(error.messages),
        headers={"Retry-After": str(FAILED_SIGN_IN_PAUSE)},
    ) from None


def refresh(token: str) -> TokenPair | None:
    """The next pair; None for a dead token.

    A token that was used before ends its session: somebody has a copy, and nobody can tell
    which of the two is the thief. Do not raise after None, or that ending is rolled back.
    """
    claims = internal.decode_token(token, "refresh")
    if claims is None:
        return None
    _one_at_a_time(internal.session_key_from_sid(claims["sid"]) or "")
    pair = app_settings.TOKEN_STRATEGY.refresh_token(token)
    if pair is None:
        end_session(claims)
        return None
    return TokenPair(*pair)


def end_session(claims: dict[str, Any]) -> None:
    """End the session that a token belongs to: all of its tokens stop at once."""
    session = internal.get_token_session(claims)
    if session is not None:
        session.flush()


def _one_at_a_time(session_key: str) -> None:
    """Of two uses of the same token at once, the second must see that it is dead."""
    number = int.from_bytes(hashlib.sha256(session_key.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def register(request: HttpRequest, email: str, password: str, name: str) -> None:
    """Create an account whose address is still to be confirmed by mail.

    An address that is taken gets a mail saying so and the same answer: nobody can find out
    who has an account here.
    """
    if not get_adapter().is_open_for_signup(request):
        raise Problem(
            "sign-up-closed",
            403,
            _("This installation creates accounts by invitation only."),
            title=_("Sign-up is closed"),
        )
    form = SignupInput({"email": email, "password": password})
    if not form.is_valid():
        raise invalid({field: list(messages) for field, messages in form.errors.items()})
    with _session_of_its_own(request):
        request.allauth.headless._pre_user = request.user  # type: ignore[attr-defined]
        user, response = form.try_save(request)
        if user is None:
            return
        if name:
            user.name = one_line(name, 150)
            user.save(update_fields=["name"])
        if response is None:
            flows.signup.complete_signup(request, user=user)


def change_password(request: HttpRequest, user: User, claims: object, password: str) -> None:
    """Set a new password; every other session of the person ends, this one goes on."""
    flows.password_change.change_password(user, password)
    if isinstance(claims, dict):
        session = internal.get_token_session(claims)
        if session is not None:
            # Not update_session_auth_hash(): its new session key would kill the tokens.
            session["_auth_user_hash"] = user.get_session_auth_hash()
            session.save()
        get_adapter().send_notification_mail("account/email/password_changed", user)
    else:
        flows.password_change.finalize_password_change(request, user)
