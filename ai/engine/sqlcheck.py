"""Whether an SQL text only reads, and only from the tables that were named."""

from __future__ import annotations

import re
from collections.abc import Collection

# Strings and comments in one pass: either may hold what begins the other.
_APART = re.compile(
    r"(?P<string>'(?:[^']|'')*'|\$\$.*?\$\$)|--[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL
)
_PART = re.compile(r"\b(?:extract|trim|substring)\s*\([^()]*?\bfrom\b", re.IGNORECASE)
_WRITES = re.compile(
    r"\b(?:insert|update|delete|merge|drop|create|alter|truncate|grant|revoke|call|copy|execute|"
    r"into|undrop)\b",
    re.IGNORECASE,
)
_NAME = r"(?:\"[^\"]+\"|[\w$]+)(?:\s*\.\s*(?:\"[^\"]+\"|[\w$]+)){0,2}"
_SOURCE = re.compile(rf"\b(?:from|join)\s+(?:lateral\s+)?({_NAME})(\s*\()?", re.IGNORECASE)
_MORE = re.compile(
    rf"\s*(?:(?:as\s+)?(?!where\b|on\b|join\b)[\w$]+\s*)?,\s*(?:lateral\s+)?({_NAME})(\s*\()?",
    re.IGNORECASE,
)
_WITH = re.compile(
    r"(?:\bwith\b(?:\s+recursive)?|,)\s*([\w$]+)\s*(?:\([^)]*\)\s*)?as\s*\(", re.IGNORECASE
)


def problems_of(sql: str, tables: Collection[str]) -> list[str]:
    """Why the text may not be used as it is: sentences, empty where nothing speaks against it."""
    bare = _APART.sub(lambda found: "''" if found["string"] else " ", sql)
    bare = _PART.sub("(", bare).strip().rstrip(";").strip()
    found: list[str] = []
    if not bare:
        return ["There is no statement."]
    if ";" in bare:
        found.append("There is more than one statement.")
    if not re.match(r"(?:select|with)\b", bare, re.IGNORECASE):
        found.append("It does not begin with SELECT or WITH.")
    if written := _WRITES.search(bare):
        found.append(f"It says {written.group().upper()}, which does not only read.")
    known = {_plain(name) for name in tables}
    defined = {_plain(name) for name in _WITH.findall(bare)}
    foreign = sorted(name for name in sources_of(bare) if _plain(name) not in known | defined)
    if known and foreign:
        found.append(f"It reads from what was not named: {', '.join(foreign)}.")
    return found


def sources_of(bare: str) -> set[str]:
    """Names behind FROM and JOIN, functions left out."""
    found: set[str] = set()
    for match in _SOURCE.finditer(bare):
        if not match[2]:
            found.add(match[1])
        end = match.end()
        while more := _MORE.match(bare, end):
            if not more[2]:
                found.add(more[1])
            end = more.end()
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s\"]", "", name).casefold()
