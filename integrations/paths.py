"""Simple paths into JSON, such as `alert.labels.0.name`. Pure."""

from typing import Any, Final

from django.utils.translation import gettext as _

MAX_STEPS: Final = 12
MAX_TEXT: Final = 200_000


def check(path: str) -> str:
    """For settings: the path as it is. Raises ValueError where it cannot lead anywhere."""
    steps = path.split(".")
    if len(steps) > MAX_STEPS or not all(steps):
        raise ValueError(_("Write the path like alert.labels.0.name."))
    return path


def look(data: Any, path: str) -> Any:
    """What lies at `path`, None where nothing does."""
    if not path:
        return None
    for step in path.split(".")[:MAX_STEPS]:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isascii() and step.isdigit() and len(step) < 7:
            data = data[int(step)] if int(step) < len(data) else None
        else:
            return None
    return data


def text(data: Any, path: str) -> str:
    """The same as text: numbers and words as they are, lists joined, objects not at all."""
    found = look(data, path)
    if isinstance(found, list):
        found = ", ".join(str(one) for one in found if isinstance(one, str | int | float))
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found).strip()[:MAX_TEXT] if isinstance(found, str | int | float) else ""
