"""How much of what is personal or secret is masked, and how much else with it."""

from __future__ import annotations

from collections import Counter

from ai.engine.redact import redact
from tests.ai.engine.masking_cases import Case, every_case

RECALL = 0.98
PRECISION = 0.95


def _missed(case: Case) -> list[str]:
    masked = redact(case.text).text
    return [value for value in case.secrets if value in masked]


def _wrong(case: Case) -> list[str]:
    """Masked values that no planted value explains."""
    return [
        value
        for value in redact(case.text).mapping.values()
        if not any(value in secret or secret in value for secret in case.secrets)
    ]


def test_there_are_enough_cases_in_four_languages() -> None:
    cases = every_case()
    assert len(cases) >= 500
    languages = Counter(case.language for case in cases if case.secrets)
    assert set(languages) == {"en", "de", "fr", "es"}
    assert min(languages.values()) >= 90


def test_what_is_personal_or_secret_is_masked() -> None:
    cases = [case for case in every_case() if case.secrets]
    missed = [(case.text, value) for case in cases for value in _missed(case)]
    planted = sum(len(case.secrets) for case in cases)
    assert 1 - len(missed) / planted >= RECALL, missed


def test_what_is_masked_was_personal_or_secret() -> None:
    cases = every_case()
    wrong = [(case.text, value) for case in cases for value in _wrong(case)]
    masked = sum(len(redact(case.text).mapping) for case in cases)
    assert 1 - len(wrong) / masked >= PRECISION, wrong
