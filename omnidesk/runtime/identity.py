"""Which system user runs PostgreSQL. PostgreSQL refuses to run as root."""

import os
import pwd
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnidesk.runtime.errors import StartError

USER = "omnidesk-postgres"


@dataclass(frozen=True)
class Identity:
    """User and group for the server's files; `switch` says whether a child must change to it."""

    uid: int
    gid: int
    switch: bool

    def popen(self) -> dict[str, Any]:
        """Keyword arguments for subprocess."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.switch:
            os.chown(path, self.uid, self.gid)


def for_folder(folder: Path) -> Identity:
    """The user for the PostgreSQL data folder `folder`, which need not exist yet.

    As root: the folder's owner, or a system user made for the purpose. Otherwise: ourselves.
    """
    if os.geteuid() != 0:
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise StartError(f"{folder} belongs to another user; start OmniDesk as that user.")
        return Identity(os.geteuid(), os.getegid(), switch=False)
    if folder.exists() and folder.stat().st_uid != 0:
        status = folder.stat()
        return Identity(status.st_uid, status.st_gid, switch=True)
    entry = _service_user()
    return Identity(entry.pw_uid, entry.pw_gid, switch=True)


def _service_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
    try:
        subprocess.run(command, check=False, capture_output=True, timeout=30)
        # A second starter may have been first: what counts is that the user is there.
        return pwd.getpwnam(USER)
    except (OSError, KeyError, subprocess.TimeoutExpired):
        pass
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            f"PostgreSQL does not run as root, and the user {USER} could not be created; "
            "start OmniDesk as an ordinary user."
        ) from None


def let_pass(identity: Identity, folder: Path) -> None:
    """Let `identity` pass through the parents of `folder`: o+x (pass, not list), and say so."""
    if not identity.switch:
        return
    for parent in folder.resolve().parents:
        status = parent.stat()
        if status.st_mode & stat.S_IXOTH or status.st_uid == identity.uid:
            continue
        parent.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
        sys.stderr.write(
            "Note: PostgreSQL does not run as root. "
            f"Its user may now pass through {parent} (chmod o+x).\n"
        )


def let_read(identity: Identity, folder: Path) -> None:
    """Let `identity` read the installed programs under `folder` (a umask of 077 hides them)."""
    if not identity.switch or folder.stat().st_mode & stat.S_IROTH:
        return
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        run = stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0
        path.chmod(mode | stat.S_IROTH | run)
