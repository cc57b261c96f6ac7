"""What `manage.py up` reads from the environment, checked before anything starts."""

import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from omnidesk import env
from omnidesk.runtime.errors import StartError

EMAIL_SCHEMES = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "file", "console", "dummy")
REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+socket", "sentinel")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The checked values. `external_*` say that the embedded service is not used."""

    data: Path
    host: str
    port: int
    smtp_port: int
    base_url: str
    demo: bool
    web_workers: int
    external_postgres: bool
    external_valkey: bool

    @property
    def probe_host(self) -> str:
        """Where to reach our own web server: a wildcard address is no destination."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def address(self) -> str:
        """What a person opens in the browser."""
        return self.base_url or f"http://{self.probe_host}:{self.port}"


def read() -> Installation:
    """Read and check every value that the start depends on. Raises `SettingError`."""
    env.secret("ANTHROPIC_API_KEY")
    env.secret("OMNIDESK_ADMIN_PASSWORD")
    env.email("OMNIDESK_ADMIN_EMAIL")
    env.url("QDRANT_URL")
    env.flag("OMNIDESK_DEBUG", False)
    env.choice("OMNIDESK_LOG_FORMAT", "text", ("json", "text"))
    env.mail_url("EMAIL_URL")
    if env.text("DATABASE_URL"):
        env.database("DATABASE_URL")
    if env.text("OMNIDESK_OWNER_DATABASE_URL"):
        env.database("OMNIDESK_OWNER_DATABASE_URL")
    env.url("REDIS_URL", schemes=REDIS_SCHEMES)
    found = Installation(
        data=env.data_dir(),
        host=env.text("OMNIDESK_HOST", "127.0.0.1"),
        port=env.port("OMNIDESK_PORT", 8000),
        smtp_port=env.port("OMNIDESK_SMTP_PORT", 8025, off_allowed=True),
        base_url=env.url("OMNIDESK_BASE_URL").rstrip("/"),
        demo=env.flag("OMNIDESK_DEMO", True),
        web_workers=env.integer("OMNIDESK_WEB_WORKERS", 2, minimum=1, maximum=64),
        external_postgres=bool(env.text("DATABASE_URL")),
        external_valkey=bool(env.text("REDIS_URL")),
    )
    if found.port == found.smtp_port:
        raise env.SettingError(
            f"OMNIDESK_PORT and OMNIDESK_SMTP_PORT are both {found.port}; choose two ports."
        )
    return found


def check_system() -> None:
    """Refuse a system that the rest does not run on."""
    if os.name != "posix":
        raise StartError("OmniDesk runs on Linux and macOS; on Windows use WSL or a container.")


def check_ports(installation: Installation) -> None:
    """Refuse a port that another program has, before anything starts."""
    check_port(installation.host, installation.port, "OMNIDESK_PORT")
    if installation.smtp_port:
        host = env.text("OMNIDESK_SMTP_HOST", "127.0.0.1")
        check_port(host, installation.smtp_port, "OMNIDESK_SMTP_PORT")


def check_port(host: str, port: int, variable: str) -> None:
    """Refuse `port` on `host` if it cannot be listened on; `variable` names the way out."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except (OSError, UnicodeError):
        raise env.SettingError(f"{host!r} is not an address of this machine.") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the servers do it, so that connections in TIME_WAIT do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise StartError(
                f"Port {port} is reserved for the system; choose one above 1023 with {variable}."
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise env.SettingError(f"{host!r} is not an address of this machine.") from None
            raise StartError(
                f"Port {port} is taken by another program; end it, or choose another "
                f"with {variable}."
            ) from None
