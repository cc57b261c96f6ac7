"""Typed readers for environment variables. A bad value is refused with one clear sentence.

Readers return the default for a variable that is unset or empty, and raise `SettingError` otherwise
when the value does not fit. Nothing here imports Django, so `manage.py` can read the environment
before the settings module exists.
"""

import ipaddress
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class SettingError(Exception):
    """An environment variable has a value that cannot be used. The message is one sentence."""


def text(name: str, default: str = "") -> str:
    """The value without surrounding blanks, or `default` when unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """A yes/no value: 1, true, yes, on / 0, false, no, off."""
    value = text(name).lower()
    if not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise SettingError(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
    """A whole number between `minimum` and `maximum`, both included."""
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise SettingError(f"{name} must be a whole number, not {value!r}.") from None
    if not minimum <= number <= maximum:
        raise SettingError(f"{name} must be between {minimum} and {maximum}, not {number}.")
    return number


def decimal(name: str, default: float, *, minimum: float = 0.0, maximum: float = 1e12) -> float:
    """A number between `minimum` and `maximum`, both included."""
    value = text(name)
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        raise SettingError(f"{name} must be a number, not {value!r}.") from None
    if not minimum <= number <= maximum:
        raise SettingError(f"{name} must be between {minimum:g} and {maximum:g}, not {value}.")
    return number


def port(name: str, default: int, *, off_allowed: bool = False) -> int:
    """A TCP port. With `off_allowed`, 0 means "do not listen"."""
    return integer(name, default, minimum=0 if off_allowed else 1, maximum=65535)


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    """One of `allowed`, compared without regard to case."""
    value = text(name, default).lower()
    if value not in allowed:
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def items(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list without empty members."""
    value = text(name)
    if not value:
        return list(default)
    return [item.strip() for item in value.split(",") if item.strip()]


def networks(
    name: str, default: Sequence[str] = ()
) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A comma-separated list of networks (10.0.0.0/8, 2001:db8::/32) or single addresses."""
    try:
        return [ipaddress.ip_network(item) for item in items(name, default)]
    except ValueError as error:
        raise SettingError(f"{name} must list networks such as 10.0.0.0/8: {error}.") from None


def email(name: str, default: str = "") -> str:
    """An e-mail address, checked for its shape only."""
    value = text(name, default)
    if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise SettingError(f"{name} must be an e-mail address, not {value!r}.")
    return value


def url(name: str, default: str = "", *, schemes: Sequence[str] = ("http", "https")) -> str:
    """A URL with one of `schemes`. The value itself is never shown: it may hold a password."""
    value = text(name, default)
    if not value:
        return value
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  (reading it is the check: a bad port raises here)
    except ValueError:
        raise SettingError(f"{name} is not a URL that can be read.") from None
    if parts.scheme not in schemes:
        allowed = ", ".join(f"{scheme}://" for scheme in schemes)
        raise SettingError(f"{name} must start with {allowed}.")
    return value


def secret(name: str, default: str = "") -> str:
    """A secret from `NAME`, or from the file that `NAME_FILE` names."""
    value, file_name = text(name), text(f"{name}_FILE")
    if value and file_name:
        raise SettingError(f"Set {name} or {name}_FILE, not both.")
    if not file_name:
        return value or default
    try:
        content = Path(file_name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{name}_FILE cannot be read: {error.strerror or error}.") from None
    if not content:
        raise SettingError(f"{name}_FILE names an empty file: {file_name}.")
    return content


MAIL_SCHEMES = ("smtp", "smtps", "smtp+tls")


def mail_url(name: str) -> str:
    """The mail server in the variable `name` (or its _FILE); '' where none is set.

    `smtp://` is plain, `smtps://` encrypted from the start, `smtp+tls://` by STARTTLS.
    """
    value = secret(name)
    if not value:
        return value
    try:
        parts = urlsplit(value)
        found = parts.scheme in MAIL_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        found = False
    if not found:
        raise SettingError(
            f"{name} must look like smtp+tls://user:password@mail.example.org:587 "
            "(or smtp://, smtps://)."
        )
    return value


def data_dir() -> Path:
    """The absolute folder that holds everything this installation writes (OMNIDESK_DATA)."""
    return Path(text("OMNIDESK_DATA", str(BASE_DIR / "var"))).expanduser().absolute()


def role() -> str:
    """Which database role this process uses: `app` (row security applies) or `owner`."""
    return choice("OMNIDESK_ROLE", "app", ("app", "owner"))


def secret_key() -> str:
    """OMNIDESK_SECRET_KEY (or its _FILE), at least 32 characters long.

    Without either, a key is made once and kept in `secret_key` in the data folder, mode 600.
    """
    value = secret("OMNIDESK_SECRET_KEY")
    source = "OMNIDESK_SECRET_KEY"
    if not value:
        path = data_dir() / "secret_key"
        value, source = _kept_secret(path), str(path)
    if len(value) < 32:
        raise SettingError(f"{source} must have at least 32 characters.")
    return value


def _kept_secret(path: Path) -> str:
    """Read the secret in `path`; make it first if it is not there. Safe for many at once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                # link() fails when another process was first: its key then counts for both.
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(f"{path} cannot be used: {error.strerror or error}.") from None


def database(name: str) -> dict[str, Any]:
    """A Django DATABASES entry out of the postgresql:// URL in the variable `name`.

    Understands `?host=/folder` and `%2Ffolder` for a unix socket; every other query parameter
    goes to libpq (sslmode, application_name, ...).
    """
    value = url(name, schemes=("postgresql", "postgres"))
    if not value:
        raise SettingError(
            f"{name} is not set. Start through manage.py, which runs the embedded PostgreSQL, "
            "or set it to the URL of a PostgreSQL server."
        )
    parts = urlsplit(value)
    # Not parts.hostname: it lower-cases, and a socket folder is case-sensitive.
    host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
    if parts.netloc.rpartition("@")[2].startswith("["):
        host = parts.hostname or ""
    options = dict(parse_qsl(parts.query))
    if not parts.path.strip("/"):
        raise SettingError(f"{name} names no database (postgresql://user:password@host/database).")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", host),
        "PORT": options.pop("port", str(parts.port or "")),
        "OPTIONS": options,
    }
