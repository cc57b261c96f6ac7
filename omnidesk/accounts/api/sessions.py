"""auth/: registering, signing in, refreshing, signing out, changing the password."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api import tokens
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.api.serializers import (
    LoginInput,
    LogoutInput,
    PasswordInput,
    RefreshInput,
    RegisteredSerializer,
    RegisterInput,
    TokenPairSerializer,
)
from omnidesk.accounts.models import ApiKey
from omnidesk.core.api.limits import ApiLimit, AuthLimit
from omnidesk.core.api.problems import Problem, invalid, problem_response
from omnidesk.core.api.views import ApiView


class AnonymousView(ApiView):
    """An endpoint for people who are not signed in yet: no credentials are looked at."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes = [ApiLimit, AuthLimit]
    keeps_answers = False


class RegisterView(AnonymousView):
    """POST auth/register/."""

    @extend_schema(
        operation_id="register",
        tags=["accounts"],
        auth=[],
        request=RegisterInput,
        responses={201: RegisteredSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create an account; a mail asks its owner to confirm the address."""
        given = self.read(RegisterInput)
        tokens.register(request._request, given["email"], given["password"], given["name"])
        detail = _("Confirm your e-mail address: we sent you a link.")
        return Response({"email": given["email"], "detail": detail}, status=201)


class LoginView(AnonymousView):
    """POST auth/login/."""

    @extend_schema(
        operation_id="login",
        tags=["accounts"],
        auth=[],
        request=LoginInput,
        responses={200: TokenPairSerializer},
    )
    def post(self, request: Request) -> Response:
        """Sign in. 401 with a type ending `mfa-required` where a code is due."""
        given = self.read(LoginInput)
        pair = tokens.sign_in(request._request, given["email"], given["password"], given["code"])
        return _secret(pair)


class RefreshView(AnonymousView):
    """POST auth/refresh/."""

    # Tokens cannot be guessed, and many programs may stand behind one address.
    throttle_classes = [ApiLimit]

    @extend_schema(
        operation_id="refresh",
        tags=["accounts"],
        auth=[],
        request=RefreshInput,
        responses={200: TokenPairSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A new pair; the old refresh token dies. Using a dead one again ends the session."""
        pair = tokens.refresh(self.read(RefreshInput)["refresh"])
        if pair is None:
            # Answered, not raised: an error would roll the session's end back.
            return problem_response(
                request,
                Problem("invalid-token", 401, _("The refresh token is not valid. Sign in again.")),
            )
        return _secret(pair)


def _secret(pair: tokens.TokenPair) -> Response:
    return Response(pair.as_dict(), headers={"Cache-Control": "no-store"})


class LogoutView(ApiView):
    """POST auth/logout/."""

    keeps_answers = False

    @extend_schema(
        operation_id="logout", tags=["accounts"], request=LogoutInput, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """End the session: its access and refresh tokens stop at once."""
        self.read(LogoutInput)
        if isinstance(request.auth, ApiKey):
            raise Problem(
                "invalid", 400, _("An API key has no session. Delete the key under users/me/keys/.")
            )
        if isinstance(request.auth, dict):
            tokens.end_session(request.auth)
        else:
            get_adapter().logout(request._request)
        return Response(status=204)


class PasswordView(ApiView):
    """PUT auth/user/password/."""

    throttle_classes = [ApiLimit, AuthLimit]

    @extend_schema(
        operation_id="change_password",
        tags=["accounts"],
        request=PasswordInput,
        responses={204: None},
    )
    def put(self, request: Request) -> Response:
        """Change the password; every other session ends."""
        given = self.read(PasswordInput)
        user = caller(request)
        if not user.check_password(given["current_password"]):
            raise invalid({"current_password": [_("This is not your current password.")]})
        try:
            password = get_adapter().clean_password(given["new_password"], user=user)
        except ValidationError as error:
            raise invalid({"new_password": error.messages}) from None
        tokens.change_password(request._request, user, request.auth, password)
        return Response(status=204)
