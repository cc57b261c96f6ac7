"""The one door to other people's servers: HTTP with limits.

Every call has a timeout, a size limit, a bounded number of tries and a breaker per server;
redirects are not followed; addresses inside our own network are refused unless the installation
names them in `OMNIDESK_OUTBOUND_ALLOW` (the name is resolved once and the connection goes to the
address that was checked, so that a name cannot change its mind in between).
"""

import ipaddress
import json
import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.conf import settings
from django.utils.translation import gettext as _

from omnidesk.core.clock import parse_mail_date
from omnidesk.core.text import one_line

TIMEOUT: Final = 20.0  # seconds for each of connecting, sending and every read
SIZE_LIMIT: Final = 20 * 2**20
FIRST_WAIT: Final = 0.5  # seconds; doubles at every try
LONGEST_WAIT: Final = 5.0  # a server that asks for more is left alone: the caller comes again
FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 30.0
REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "MERGE"})
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
USER_AGENT: Final = "OmniDesk"
# A line for every call is no news, and addresses hold what was searched for.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class HttpProblem(Exception):
    """A call failed, said in one sentence.

    `permanent`: the same call cannot succeed later. `uncertain`: the server may have acted on
    it. `status` is 0 where no answer came; `retry_after` are seconds the server asked for.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, uncertain: bool = False,
        status: int = 0, retry_after: float | None = None, body: bytes = b"",
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.uncertain = uncertain
        self.status = status
        self.retry_after = retry_after
        self.body = body


class PrivateAddress(HttpProblem):
    """The server's name leads into our own network, and nobody allowed that."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `headers` compare without regard to case."""

    status: int
    headers: httpx2.Headers
    content: bytes
    url: str

    @property
    def text(self) -> str:
        """The body as UTF-8, broken bytes replaced."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body read as JSON. Raises HttpProblem where it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise HttpProblem(
                _("%(host)s did not answer in JSON.") % {"host": host_of(self.url)},
                status=self.status,
                body=self.content[:500],
            ) from None

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait, from `Retry-After` (seconds or a date)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdigit():
            return float(min(int(value), 86_400))
        moment = parse_mail_date(value) if value else None
        return max(0.0, moment.timestamp() - time.time()) if moment else None


def host_of(url: str) -> str:
    """The server's name in a URL, for messages."""
    return urlsplit(url).hostname or url[:80]


@dataclass(slots=True)
class _Breaker:
    """Counts failures in a row; open: nobody calls until `until` (monotonic seconds)."""

    failures: int = 0
    until: float = 0.0


_breakers: dict[str, _Breaker] = {}
_lock = threading.Lock()


def reset_breakers() -> None:
    """Forget what failed so far in this process."""
    with _lock:
        _breakers.clear()


class HttpDoor:
    """Calls to other servers; keeps connections and cookies. Use as a context manager.

    `allow` names further hosts and networks beside the installation's setting. `tries` counts
    the first call too; a POST is repeated only when it surely did not arrive. `whole` bounds
    everything that is asked through this door together, in seconds: `timeout` alone lets a server
    that sends a byte now and then hold its caller for hours.
    """

    def __init__(
        self, *, timeout: float = TIMEOUT, tries: int = 3, size_limit: int = SIZE_LIMIT,
        headers: Mapping[str, str] | None = None, allow: Sequence[str] = (), verify: bool = True,
        sleep: Callable[[float], None] = time.sleep, whole: float | None = None,
    ) -> None:  # fmt: skip
        self.tries = max(1, tries)
        self.size_limit = size_limit
        self._timeout = timeout
        self._end = None if whole is None else time.monotonic() + whole
        self._sleep = sleep
        self._client = httpx2.Client(
            transport=_GuardedTransport((*settings.OUTBOUND_ALLOW, *allow), verify),
            timeout=timeout,
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> "HttpDoor":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def forget_cookies(self) -> None:
        """Begin a new session."""
        self._client.cookies.clear()

    def request(
        self, method: str, url: str, *, accept: Iterable[int] = (), repeat: bool | None = None,
        **what: Any,
    ) -> Answer:  # fmt: skip
        """One call with its tries; `what` are httpx's arguments (params, headers, json, ...).

        Returns any answer below 300 and those whose status is in `accept`; raises HttpProblem
        for the rest. `repeat` overrides whether the call may be made twice.
        """
        may_repeat = method.upper() in REPEATABLE if repeat is None else repeat
        accepted = frozenset(accept)
        for attempt in range(1, self.tries + 1):
            try:
                return self._once(method.upper(), url, accepted, what)
            except HttpProblem as problem:
                wait = self._wait(problem, attempt, may_repeat)
                if wait is None:
                    raise
            self._sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    def _wait(self, problem: HttpProblem, attempt: int, may_repeat: bool) -> float | None:
        """Seconds until the next try; None: there is none."""
        safe = may_repeat or not (problem.uncertain or problem.status)
        if problem.permanent or not safe or attempt >= self.tries:
            return None
        asked = problem.retry_after
        if asked is not None and asked > LONGEST_WAIT:
            return None
        backoff: float = FIRST_WAIT * 2.0 ** (attempt - 1) * random.uniform(0.7, 1.3)
        return min(LONGEST_WAIT, max(asked or 0.0, backoff))

    def _once(
        self, method: str, url: str, accepted: frozenset[int], what: dict[str, Any]
    ) -> Answer:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise HttpProblem(
                _("“%(url)s” is not an http or https address.") % {"url": url[:120]}, permanent=True
            )
        server = f"{parts.scheme}://{parts.netloc}"
        _check_breaker(server, parts.hostname)
        try:
            answer = self._send(method, url, what)
        except httpx2.RequestError as failure:
            _count(server, failed=True)
            raise _problem_of(failure, parts.hostname) from failure
        _count(server, failed=answer.status >= 500 and answer.status not in accepted)
        if answer.status < 300 or answer.status in accepted:
            return answer
        raise _refusal(answer)

    def _send(self, method: str, url: str, what: dict[str, Any]) -> Answer:
        with self._client.stream(method, url, **{"timeout": self._left(), **what}) as response:
            pieces, size = [], 0
            for piece in response.iter_bytes():
                self._left()
                size += len(piece)
                if size > self.size_limit:
                    raise HttpProblem(
                        _("%(host)s sent more than %(limit)d MB.")
                        % {"host": host_of(url), "limit": self.size_limit // 2**20},
                        permanent=True,
                    )
                pieces.append(piece)
            return Answer(response.status_code, response.headers, b"".join(pieces), url)

    def _left(self) -> float:
        """Seconds that the next step may take. Raises ReadTimeout where the time is over."""
        left = self._timeout if self._end is None else self._end - time.monotonic()
        if left <= 0:
            raise httpx2.ReadTimeout("no time left")
        return min(self._timeout, left)


def _check_breaker(server: str, host: str) -> None:
    with _lock:
        breaker = _breakers.get(server)
        left = breaker.until - time.monotonic() if breaker else 0.0
    if left > 0:
        raise HttpProblem(
            _("%(host)s did not answer several times in a row; it is left alone for a moment.")
            % {"host": host},
            retry_after=max(left, LONGEST_WAIT + 1),
        )


def _count(server: str, *, failed: bool) -> None:
    with _lock:
        if not failed:
            _breakers.pop(server, None)
            return
        breaker = _breakers.setdefault(server, _Breaker())
        breaker.failures += 1
        if breaker.failures >= FAILURES_TO_OPEN:
            # One call is let through afterwards; its failure opens the breaker again.
            breaker.until = time.monotonic() + OPEN_SECONDS


def _problem_of(failure: httpx2.RequestError, host: str) -> HttpProblem:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, _Refused):
            return PrivateAddress(str(cause), permanent=True)
        cause = cause.__cause__ or cause.__context__
    if isinstance(failure, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        reason = one_line(str(failure), 120)
        words = _("%(host)s cannot be reached (%(reason)s).") % {"host": host, "reason": reason}
        return HttpProblem(words)
    if isinstance(failure, httpx2.TimeoutException):
        return HttpProblem(_("%(host)s took too long to answer.") % {"host": host}, uncertain=True)
    return HttpProblem(
        _("The connection to %(host)s broke (%(reason)s).")
        % {"host": host, "reason": one_line(str(failure), 120) or type(failure).__name__},
        uncertain=True,
    )


def _refusal(answer: Answer) -> HttpProblem:
    if 300 <= answer.status < 400:
        words = _("%(host)s answered with a redirect; enter the final address.")
    else:
        words = _("%(host)s answered with error %(status)d.")
    return HttpProblem(
        words % {"host": host_of(answer.url), "status": answer.status},
        permanent=answer.status not in _TRANSIENT,
        # A gateway's 502 or 504 does not say what the server behind it did.
        uncertain=answer.status >= 500,
        status=answer.status,
        retry_after=answer.retry_after,
        body=answer.content[:4000],
    )


class _Refused(httpcore2.ConnectError):
    """Raised inside the connection; becomes PrivateAddress."""


class _GuardedBackend(httpcore2.NetworkBackend):
    """Resolves a name, checks the addresses, connects to one that was checked."""

    def __init__(self, allow: Sequence[str]) -> None:
        self._allow = allow
        self._real = httpcore2.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None,
        local_address: str | None = None, socket_options: Any = None,
    ) -> httpcore2.NetworkStream:  # fmt: skip
        """Connect to the first address of `host` that may be called and answers."""
        failure: Exception | None = None
        for address in checked_addresses(host, port, self._allow):
            try:
                return self._real.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as problem:
                failure = problem
        raise failure or httpcore2.ConnectError("no address")

    def sleep(self, seconds: float) -> None:
        """Only the pool's own retries would use it; they are off."""
        self._real.sleep(seconds)


class _GuardedTransport(httpx2.HTTPTransport):
    """The usual transport on guarded connections."""

    def __init__(self, allow: Sequence[str], verify: bool) -> None:
        super().__init__(verify=verify, trust_env=False)
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(verify=verify, trust_env=False),
            max_connections=20,
            max_keepalive_connections=10,
            keepalive_expiry=15.0,
            network_backend=_GuardedBackend(allow),
        )


def checked_addresses(host: str, port: int, allow: Sequence[str]) -> list[str]:
    """The addresses of `host` that may be called. Raises a connect error where there is none.

    One private address among them refuses the name as a whole.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise httpcore2.ConnectError(f"unknown name: {problem}") from problem
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    if not _named(host, allow):
        for address in addresses:
            if not is_public(address) and not _in_networks(address, allow):
                raise _Refused(
                    _(
                        "%(host)s is an address inside our own network. If it is meant, name it"
                        " in OMNIDESK_OUTBOUND_ALLOW."
                    )
                    % {"host": host}
                )
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is not None:
            return is_public(str(embedded))
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


def _named(host: str, allow: Sequence[str]) -> bool:
    name = host.rstrip(".").lower()
    return any(
        name == one.lower() or (one.startswith(".") and name.endswith(one.lower())) for one in allow
    )


def _in_networks(address: str, allow: Sequence[str]) -> bool:
    ip = ipaddress.ip_address(address)
    for one in allow:
        try:
            network = ipaddress.ip_network(one, strict=False)
        except ValueError:
            continue  # a name
        if ip in network:
            return True
    return False
