"""Style sheets: right-to-left safe, and still for who asked for stillness."""

import gzip
import re

from omnidesk.env import BASE_DIR

SHEETS = {
    path.name: re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    for path in sorted((BASE_DIR / "static" / "css").glob("*.css"))
}
# A direction that does not turn with the page: `left: 0`, `margin-right`, `text-align: left`.
PHYSICAL = re.compile(
    r"(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|"
    r"(?<![\w-])(?:left|right)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)|"
    r"border-(?:top|bottom)-(?:left|right)-radius"
)
FOUR = re.compile(r"(?<![\w-])(?:margin|padding|inset)\s*:\s*([^;{}]+)")
VALUE = re.compile(r"(?:[^\s(]|\([^)]*\))+")


def lopsided(values: str) -> bool:
    """Whether four sides differ left and right; what is centred at 50% may."""
    sides = VALUE.findall(values)
    return len(sides) == 4 and sides[1] != sides[3] and "50%" not in values


def test_no_sheet_names_left_or_right() -> None:
    found = {
        name: PHYSICAL.findall(sheet) + list(filter(lopsided, FOUR.findall(sheet)))
        for name, sheet in SHEETS.items()
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_nothing_moves_where_stillness_is_asked_for() -> None:
    still = SHEETS["base.css"].partition("prefers-reduced-motion: reduce")[2]
    assert re.match(r"\)\s*{\s*\*,\s*\*::before,\s*\*::after\s*{", still)
    for what in ("animation-duration", "transition-duration"):
        assert f"{what}: 0s !important" in still
    # Nothing may outrank that rule.
    others = "".join(sheet for name, sheet in SHEETS.items() if name != "base.css")
    assert not re.search(r"(?:animation|transition)[^;}]*!important", others)


def test_a_first_visit_loads_little() -> None:
    """All our styles and scripts together, compressed: no page may ask for more than that."""
    files = [path for kind in ("css", "js") for path in (BASE_DIR / "static").rglob(f"*.{kind}")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= 120_000


def test_the_scheme_changes_colours_alone() -> None:
    """So that in the dark nothing but colours has to be measured (`tests/browser/axe.py`)."""
    for name, sheet in SHEETS.items():
        assert "prefers-color-scheme" not in sheet, name
        for block in re.findall(r"(?:\[data-theme|\.dark\b)[^{}]*\{([^{}]*)\}", sheet):
            properties = re.findall(r"([\w-]+)\s*:", block)
            assert [one for one in properties if "color" not in one] == [], name
