"""Urgency by wording and impact, in four languages."""

from __future__ import annotations

import time

import pytest

from ai.engine.training import train
from ai.engine.urgency import assess

CASES = [
    ("The whole site is down, nobody can work", "critical"),
    ("Mail outage for 200 users", "critical"),
    ("We got ransomware on three servers", "critical"),
    ("Production is down and customers cannot order", "critical"),
    ("Der gesamte Standort ist ausgefallen, niemand kann arbeiten", "critical"),
    ("Toute l'équipe est bloquée, le serveur est en panne", "critical"),
    ("Nadie puede entrar, el servidor está caído", "critical"),
    ("I can't work, my laptop crashed", "high"),
    ("Presentation in 30 minutes and the projector is offline", "high"),
    ("Ich kann nicht arbeiten, dringend", "high"),
    ("C'est urgent, je ne peux plus travailler", "high"),
    ("Es urgente, no puedo trabajar", "high"),
    ("Phishing mail received and clicked on the suspicious link", "high"),
    ("The printer prints stripes", "medium"),
    ("Please reset my password", "medium"),
    ("Der Drucker druckt Streifen", "medium"),
    ("There was no outage today", "medium"),
    ("The VPN is not down, just slow", "medium"),
    ("It is not urgent, please order a keyboard", "low"),
    ("New mouse please, no rush", "low"),
    ("Ist nicht dringend, hat Zeit bis nächste Woche", "low"),
    ("Ce n'est pas urgent", "low"),
    ("No es urgente, sin prisa", "low"),
    ("The server is working again, thanks", "low"),
]


@pytest.mark.parametrize(("text", "level"), CASES)
def test_wording_decides(text: str, level: str) -> None:
    assert assess(text).level == level


@pytest.mark.parametrize("text", [text for text, level in CASES if level != "medium"])
def test_the_reason_quotes_the_requester(text: str) -> None:
    evidence = assess(text).evidence
    assert evidence
    assert all(item.text in text for item in evidence)


def test_the_number_of_people_affected_raises_it() -> None:
    text = "Outlook stopped working"
    assert assess(text).level == "high"
    assert assess(text, affected=120).level == "critical"
    assert assess(text, affected=1).level == "high"


def test_shouting_alone_is_not_critical() -> None:
    assert assess("URGENT!!! ASAP!!! my screen crashed, deadline today").level == "high"


def test_no_evidence_means_medium_and_little_confidence() -> None:
    found = assess("")
    assert found.level == "medium"
    assert found.label.confidence < 0.5
    assert found.evidence == ()


def test_a_desk_s_history_is_heard() -> None:
    texts = [f"badge printer of hall {n} squeaks" for n in range(300)]
    texts += [f"chair {n} wobbles" for n in range(300)]
    head = train(texts, ["high"] * 300 + ["low"] * 300)
    assert assess("badge printer of hall 7 squeaks").level == "medium"
    learnt = assess("badge printer of hall 7 squeaks", head=head)
    assert learnt.level == "high"
    assert any(item.kind == "history" for item in learnt.evidence)


@pytest.mark.parametrize("unit", ["a", "not ", "whole ", "1", "in ", "is ", "toute l' "])
def test_a_hostile_megabyte_is_fine(unit: str) -> None:
    started = time.process_time()
    assess(unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 5
