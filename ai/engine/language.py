"""Which language a text is written in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# The languages helpdesk mail comes in. Without the restriction short English
# texts are taken for Maltese or Latin.
_CODES = (
    "ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no "
    "pl pt ro ru sk sl sv th tr uk vi zh"
)
LANGUAGES = tuple(_CODES.split())
MINIMUM_WORDS = 3
MINIMUM_CONFIDENCE = 0.2
SAMPLE_CHARACTERS = 4_000

_NOISE = re.compile(r"https?://\S{0,500}|[\w.+-]{1,64}@[\w.-]{1,255}|[\d_\\/#<>{}\[\]|=*~^]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detect(text: str, fallback: str = "en") -> tuple[str, float]:
    """Return (ISO 639-1 code, confidence 0..1).

    Fewer than three words, or product names alone, say nothing: then `fallback` (the
    requester's language) comes back with confidence 0.
    """
    sample = _NOISE.sub(" ", text[:SAMPLE_CHARACTERS]).strip()
    words = sample.split()
    if len(words) < MINIMUM_WORDS and len(_CJK.findall(sample)) < MINIMUM_WORDS:
        return fallback, 0.0
    code, probability = _identifier().classify(sample)
    if probability < MINIMUM_CONFIDENCE:
        return fallback, 0.0
    return str(code), float(probability)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
