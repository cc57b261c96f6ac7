"""Texts that speak to a model instead of a service desk.

A first sieve, not the fence: such a ticket is asked about alone, so that it shares a call with
nobody. What gets through is held by tags, keys, the schema and the check of every answer.
"""

from __future__ import annotations

import re

_SIGNS = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|prompt|rule|previous|above)
    | \b(?:new|system|developer)\s+(?:instructions?|prompts?)\b
    | ^\s*(?:system|assistant|developer)\s*:
    | \b(?:all|other|previous)\s+(?:of\s+the\s+)?(?:other\s+)?tickets\b
    | \b(?:every|each)\s+(?:other\s+)?ticket\b
    | \b(?:category|team|urgency|confidence|reason)\b\s*(?:field|value)?s?\s*(?:is|to|as|must|=|:)
    | \b(?:as|in)\s+(?:your|the|a)?\s*(?:reason|confidence)\b
    | \ballowed\s+values\b | \bclassif(?:y|ied)\s+(?:this|it|as)\b | \bcall\s+the\s+tool\b
    | \b(?:language\s+model|chatbot|prompt\s+injection|jailbreak)\b
    | \bignorier\w*\b.{0,40}\b(?:anweisung|vorgabe|regel)
    | \b(?:kategorie|dringlichkeit|team)\b\s*(?:auf|:|=)
    | \b(?:oublie|ignore)[rz]?\b.{0,40}\b(?:consigne|instruction|règle)
    | \b(?:olvid|ignor)\w*\b.{0,40}\binstruccion
    | 忽略.{0,10}(?:指示|指令)
    | </?\s*(?:ticket|source)\b | [{,]\s*"(?:category|team|urgency|reason|key)"\s*:
    | \[[A-Z]{2,10}_\d{1,6}\].{0,40}\b(?:fill|print|reveal)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)


def speaks_to_a_model(text: str) -> bool:
    """Tell whether `text` seems to give orders to whoever sorts it."""
    return _SIGNS.search(text) is not None
