"""A strict token endpoint (RFC 6749): refuses what Microsoft and Google refuse."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.fakes.http import Asked, FakeServer, Said

SCOPE = "https://outlook.office365.com/.default"


@dataclass
class TokenServer:
    """Gives numbered tokens. `refuses` is the error to answer instead, `renews` a new refresh
    token to hand out, `lives` how many seconds a token is good for."""

    client: str = "app-1"
    secret: str = "s3cret ü&="
    refresh: str = "refresh-1"
    refuses: str = ""
    renews: str = ""
    lives: object = 3600
    given: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = FakeServer(self._handle)

    @property
    def url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.server.url}/oauth2/v2.0/token"

    def _handle(self, asked: Asked) -> Said:
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True, strict_parsing=True))
        kind = asked.headers.get("content-type", "").partition(";")[0]
        if (asked.method, asked.path, kind) != (
            "POST", "/oauth2/v2.0/token", "application/x-www-form-urlencoded",
        ):  # fmt: skip
            self.violations.append(f"{asked.method} {asked.path} {kind}")
            return Said(400, {"error": "invalid_request"})
        problem = self.refuses or self._problem(form)
        if problem:
            told = {"error": problem, "error_description": f"{problem}: the grant was withdrawn"}
            return Said(401 if problem == "invalid_client" else 400, told)
        self.given.append(f"token-{len(self.given) + 1}")
        body = {"token_type": "Bearer", "access_token": self.given[-1], "expires_in": self.lives}
        if self.renews:
            self.refresh = body["refresh_token"] = self.renews
        return Said(200, body)

    def _problem(self, form: dict[str, str]) -> str:
        if (form.get("client_id"), form.get("client_secret")) != (self.client, self.secret):
            return "invalid_client"
        if form.get("grant_type") == "client_credentials":
            return "" if form.get("scope") == SCOPE else "invalid_scope"
        if form.get("grant_type") == "refresh_token":
            return "" if form.get("refresh_token") == self.refresh else "invalid_grant"
        return "unsupported_grant_type"
