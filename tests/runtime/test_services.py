"""The embedded services: shared, stopped by the last user, and hard to break."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from omnidesk.runtime import processes, secretfile
from omnidesk.runtime.files import Lock
from omnidesk.runtime.services import Services
from tests.runtime.conftest import User, serving

Use = Callable[..., User]


def one(url: str, query: str) -> tuple[object, ...]:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def sleep_in(url: str) -> None:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
        connection.execute("SELECT pg_sleep(30)")


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def test_the_roles_are_what_row_security_needs(use: Use, folder: Path) -> None:
    told = use().told
    flags = (
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole "
        "FROM pg_roles WHERE rolname = current_user"
    )
    owner, app = told["OMNIDESK_OWNER_DATABASE_URL"], told["DATABASE_URL"]
    assert one(owner, flags) == ("omnidesk_owner", False, True, False, False)
    assert one(app, flags) == ("omnidesk_app", False, False, False, False)
    assert one(app, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'omnidesk'")[
        0
    ] == ("omnidesk_owner")
    with psycopg.connect(owner) as connection:
        connection.execute("CREATE TABLE thing (id bigserial PRIMARY KEY)")
    with psycopg.connect(app) as connection:
        connection.execute("INSERT INTO thing DEFAULT VALUES")
        assert connection.execute("SELECT count(*) FROM thing").fetchone() == (1,)
    for refused in ("CREATE TABLE mine (id int)", "TRUNCATE thing", "DROP TABLE thing"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            psycopg.connect(app) as connection,
        ):
            connection.execute(refused)


def test_only_the_owner_of_the_files_can_read_the_secrets(use: Use, folder: Path) -> None:
    assert use("valkey").told
    assert (folder / "services.json").stat().st_mode & 0o777 == 0o600
    assert (folder / "valkey" / "valkey.conf").stat().st_mode & 0o777 == 0o600
    assert (folder / "postgres").stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_mode & 0o066 == 0
    password = json.loads((folder / "services.json").read_text())["app_password"]
    socket_url = f"postgresql://omnidesk_app@/omnidesk?host={folder}/run/postgres"
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(socket_url)
    assert one(socket_url + f"&password={password}", "SELECT 1") == (1,)


def test_the_last_user_stops_them_and_nobody_before(use: Use, folder: Path) -> None:
    first = use("valkey")
    url = first.told["DATABASE_URL"]
    second = use("valkey")
    assert second.told == first.told
    assert first.leave() == 0
    assert one(url, "SELECT 1") == (1,), "the one that started them must not stop them"
    with redis.Redis.from_url(second.told["REDIS_URL"]) as client:
        assert client.ping()
    assert second.leave() == 0
    assert not serving(folder)


def test_a_keeper_that_just_woke_does_not_pass_for_a_user(folder: Path) -> None:
    services = Services(folder)
    services.make_folders()
    woken = Lock(folder / "run" / "users.lock")
    assert woken.try_hold()
    later = threading.Timer(0.2, woken.close)
    later.start()
    assert services.stop_if_unused()
    later.join()


def test_two_at_once_on_an_empty_folder(use: Use, folder: Path) -> None:
    users = [use("valkey") for _ in range(3)]
    told = [user.told for user in users]
    assert told[0] == told[1] == told[2]
    assert "problem" not in told[0]
    assert len(list(folder.glob("postgres*"))) == 1


def test_a_killed_user_leaves_nothing_running(use: Use, folder: Path) -> None:
    user = use("valkey")
    assert user.told
    user.kill()
    assert processes.wait_until(lambda: not serving(folder), 15)
    again = use("valkey")
    assert "problem" not in again.told


def test_a_killed_user_does_not_take_them_from_the_others(use: Use, folder: Path) -> None:
    first, second = use(), use()
    assert first.told == second.told
    first.kill()
    assert one(second.told["DATABASE_URL"], "SELECT pg_sleep(1), 1")[1] == 1


@pytest.mark.parametrize("whom", ["postmaster", "everything"])
def test_a_killed_server_starts_again_with_its_data(use: Use, folder: Path, whom: str) -> None:
    user = use("valkey")
    with psycopg.connect(user.told["OMNIDESK_OWNER_DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    # A long query keeps a child of PostgreSQL, and with it the shared memory, after the kill.
    busy = threading.Thread(target=sleep_in, args=[user.told["DATABASE_URL"]])
    busy.start()
    os.kill(postmaster(folder), signal.SIGKILL)
    if whom == "everything":
        for process in processes.find(["postgres"], folder / "postgres"):
            process.kill()
        for process in processes.find(["valkey-server"], folder / "valkey"):
            process.kill()
        user.kill()
    again = use("valkey")
    assert "problem" not in again.told, again.told
    owner = again.told["OMNIDESK_OWNER_DATABASE_URL"]
    assert one(owner, "SELECT answer FROM kept") == (42,)
    with redis.Redis.from_url(again.told["REDIS_URL"]) as client:
        assert client.ping()
    busy.join(10)


def test_process_ids_that_are_used_again_block_nothing(use: Use, folder: Path) -> None:
    user = use()
    assert user.told
    for process in (
        *processes.find(["postgres"], folder / "postgres"),
        user.process,
    ):
        os.kill(process.pid, signal.SIGKILL)
    user.process.wait(10)
    # As after a restart of a container: the number in the file is now somebody else's.
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        for name in ("postgres/postmaster.pid", "run/postgres/.s.PGSQL.5432.lock"):
            place = folder / name
            place.write_text(f"{bystander.pid}\n" + place.read_text().split("\n", 1)[1])
        assert "problem" not in use().told
        assert bystander.poll() is None, "a process that is not ours was ended"
    finally:
        bystander.kill()
        bystander.wait()


def test_an_interrupted_first_start_leaves_no_half(use: Use, folder: Path) -> None:
    first = use()
    assert processes.wait_until(lambda: bool(list(folder.glob("postgres.new-*"))), 10, 0.001)
    first.kill()
    assert not (folder / "postgres").exists()
    again = use()
    assert "problem" not in again.told
    assert not list(folder.glob("postgres.new-*"))


def test_a_data_folder_that_was_removed_under_a_running_server(use: Use, folder: Path) -> None:
    first = use("valkey")
    assert first.told
    shutil.rmtree(folder)
    second = use("valkey")
    assert "problem" not in second.told, second.told
    assert one(second.told["DATABASE_URL"], "SELECT 1") == (1,)


def test_a_path_too_long_for_a_socket_uses_loopback(use: Use, folder: Path) -> None:
    deep = folder / ("long-" * 20) / "data"
    deep.parent.mkdir(parents=True, mode=0o711)
    folder.chmod(0o711)
    user = use("valkey", folder=deep)
    told = user.told
    assert "@127.0.0.1:" in told["DATABASE_URL"]
    assert one(told["DATABASE_URL"], "SELECT current_user") == ("omnidesk_app",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(told["DATABASE_URL"].replace("omnidesk_app:", "omnidesk_app:x"))
    assert user.leave() == 0
    assert not serving(deep)


def test_valkey_keeps_its_data_and_its_port(use: Use, folder: Path) -> None:
    first = use("valkey")
    with redis.Redis.from_url(first.told["REDIS_URL"]) as client:
        client.set("nudge", "1")
    url = first.told["REDIS_URL"]
    first.leave()
    second = use("valkey")
    assert second.told["REDIS_URL"] == url
    with redis.Redis.from_url(url) as client:
        assert client.get("nudge") == b"1"


def test_a_damaged_append_only_file_is_set_aside(use: Use, folder: Path) -> None:
    first = use("valkey")
    with redis.Redis.from_url(first.told["REDIS_URL"]) as client:
        client.set("nudge", "1")
    first.leave()
    part = next((folder / "valkey" / "appendonlydir").glob("*.incr.aof"))
    part.write_bytes(b"*1\r\n$nonsense\r\n" + part.read_bytes())
    second = use("valkey")
    assert "problem" not in second.told, second.told
    assert list((folder / "valkey").glob("appendonlydir.damaged-*"))


def test_a_lost_password_file_is_one_clear_sentence(use: Use, folder: Path) -> None:
    first = use()
    assert first.told
    first.leave()
    kept = (folder / "services.json").read_text()
    (folder / "services.json").unlink()
    assert "services.json is missing" in use().told["problem"]
    other = {**json.loads(kept), "superuser_password": "of-another-database"}
    (folder / "services.json").write_text(json.dumps(other))
    assert "refuses the password" in use().told["problem"]
    (folder / "services.json").write_text(kept)
    assert "problem" not in use().told


def test_a_newer_data_folder_is_refused(folder: Path, use: Use) -> None:
    services = Services(folder)
    services.make_folders()
    secretfile.load(services.secrets_file)
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("19\n")
    assert "made by PostgreSQL 19" in use().told["problem"]
