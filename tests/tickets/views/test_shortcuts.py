"""The sheet behind "?" names the keys that there are, all of them and no other."""

import ast
import re

from omnidesk.env import BASE_DIR
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn
from tickets.templatetags.desk import GO_KEYS

DECLARED = re.compile(r'\bdata-key="([^"{]+)"')
# In an open menu or dialog, where they are printed; and what scripts and fields hear.
ELSEWHERE = {"1", "2", "3"}
BY_SCRIPT = {
    "F6", "/", "j", "k", "x", "Shift+J", "Shift+K", "Shift+E", ".",
    "Enter", "Ctrl+Z", "Ctrl+Enter", "Ctrl+Shift+Enter",
    "Ctrl+B", "Ctrl+I", ": :", "? ?", "@ @", "y", "c", "d", "w",
}  # fmt: skip


def declared() -> set[str]:
    """Keys of the desk's templates, letters small, as the sheet prints them."""
    folder = BASE_DIR / "templates"
    found = set(GO_KEYS.values()) | {"g k", "g r", "g i"} | BY_SCRIPT
    for page in [*folder.glob("desk/*.html"), *folder.glob("ai/*.html")]:
        found |= set(DECLARED.findall(page.read_text()))
    return {key.lower() for key in found | {"g b"}} - ELSEWHERE


def test_the_sheet_names_every_key(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.bob).get("/desk/v/open/").content.decode()
    sheet = page[page.index('id="shortcuts"') :]
    sheet = sheet[: sheet.index("</dialog>")]
    rows = re.findall(r'<span class="keys">(.*?)</span>', sheet)
    named = {spelled(row) for row in rows}
    assert named == declared()


def pressed() -> set[str]:
    """What the browser tests press and type, letters small; "Control+z" as the sheet's "ctrl+z"."""
    found = set()
    for page in (BASE_DIR / "tests" / "browser").glob("*.py"):
        for node in ast.walk(ast.parse(page.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                parts = node.args if name in {"press", "type", "press_sequentially"} else []
            else:
                parts = [node.iter] if isinstance(node, ast.For) else []
            for part in parts:
                for one in ast.walk(part):
                    if isinstance(one, ast.Constant) and isinstance(one.value, str):
                        found.add(one.value.lower().replace("control", "ctrl"))
    return found


def test_every_key_is_pressed_in_a_browser_test() -> None:
    said = pressed()
    single = {key for keys in said for key in keys.split(" ")} | said
    typed = {key for key in declared() if key in {": :", "? ?", "@ @"}}
    assert {key for key in declared() - typed if key not in single} == set()
    assert all(any(key.replace(" ", "") in text for text in said) for key in typed)


def spelled(row: str) -> str:
    caps = re.findall(r'<kbd class="key">(.*?)</kbd>', row)
    words = ["enter" if "<svg" in cap else cap.lower() for cap in caps]
    return (" " if words[0] in {"g", ":", "?", "@"} and len(words) > 1 else "+").join(words)
