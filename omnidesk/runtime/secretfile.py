"""The passwords and ports of the embedded services, kept in `services.json` (mode 600).

Passwords rather than trust over a socket in a private folder: the socket falls back to loopback
TCP when the data folder's path is too long, Valkey always listens on loopback (Celery, Channels
and redis-py agree on one URL only for TCP), and any local user can reach loopback. It also keeps
the roles apart: who holds the application's password cannot become the owner of the tables.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from omnidesk.runtime.errors import StartError
from omnidesk.runtime.files import write_private


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, kw_only=True)
class ServiceSecrets:
    """Ports are the ones used last, 0 for none yet; a restart takes the same one if it can."""

    superuser_password: str = field(default_factory=_password)
    owner_password: str = field(default_factory=_password)
    app_password: str = field(default_factory=_password)
    valkey_password: str = field(default_factory=_password)
    postgres_port: int = 0
    valkey_port: int = 0


def load(path: Path) -> ServiceSecrets:
    """Read the file, making it first if it is not there. Call it while holding services.lock."""
    if not path.exists():
        made = ServiceSecrets()
        save(path, made)
        return made
    return _read(path)


def peek(path: Path) -> ServiceSecrets | None:
    """Read the file without making it."""
    return _read(path) if path.exists() else None


def _read(path: Path) -> ServiceSecrets:
    names = {entry.name for entry in fields(ServiceSecrets)}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ServiceSecrets(**{key: content[key] for key in names})
    except OSError as error:
        raise StartError(f"Cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError):
        raise StartError(
            f"{path} is damaged; it holds the passwords of the embedded services. "
            "Restore it from a backup."
        ) from None


def save(path: Path, content: ServiceSecrets) -> None:
    write_private(path, json.dumps(asdict(content), indent=1) + "\n")


def with_ports(
    path: Path, content: ServiceSecrets, *, postgres: int | None = None, valkey: int | None = None
) -> ServiceSecrets:
    """Remember the ports that were taken; the file is written only when one changed."""
    changed = replace(
        content,
        postgres_port=content.postgres_port if postgres is None else postgres,
        valkey_port=content.valkey_port if valkey is None else valkey,
    )
    if changed != content:
        save(path, changed)
    return changed
