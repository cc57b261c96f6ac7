"""Extractive drafts: every sentence has a source, or there is no draft."""

from __future__ import annotations

import re

import pytest

from ai.engine.draft import compose, unsupported_sentences
from ai.engine.embed import Embedder
from ai.engine.frames import FRAMES, frame_for
from ai.engine.sentences import is_courtesy, split_units
from ai.engine.types import Draft, NoDraft, Passage

VPN = (
    "The VPN gives access to internal systems.\n\nTo set it up:\n\n"
    "1. Open the software centre and install Company VPN.\n"
    "2. Enter vpn.example.com as the server.\n"
    "3. Sign in with the code of the authenticator app.\n\n"
    "If it drops after a minute, turn off IPv6 on the network adapter."
)
RESOLVED = (
    "Hi Tom,\nI disabled IPv6 on the network adapter and the VPN has been stable since. "
    "Call me at +49 30 1234567 if it comes back.\nRegards, Ann"
)


@pytest.fixture
def sources(embedder: Embedder) -> list[Passage]:
    return [
        Passage("article", 7, "Set up the VPN on a laptop", VPN, 0.8, "en"),
        Passage("ticket", 12, "VPN disconnects after a minute", RESOLVED, 0.6, "en"),
    ]


def drafted(found: Draft | NoDraft) -> Draft:
    assert isinstance(found, Draft), found
    return found


def test_steps_are_kept_whole_and_cited(sources: list[Passage], embedder: Embedder) -> None:
    draft = drafted(
        compose("How do I install the VPN?", sources, embedder, requester="Dana", signature="Desk")
    )
    assert draft.text.startswith("Hello Dana,")
    assert "1. Open the software centre and install Company VPN. [1]" in draft.text
    assert "3. Sign in with the code of the authenticator app. [1]" in draft.text
    assert draft.text.endswith("Kind regards\nDesk")
    assert draft.citations[0].object_id == 7
    assert draft.confidence > 0.5


@pytest.mark.parametrize("question", ["How do I install the VPN?", "The VPN drops all the time"])
def test_every_sentence_comes_from_its_source(
    question: str, sources: list[Passage], embedder: Embedder
) -> None:
    draft = drafted(compose(question, sources, embedder))
    originals = {(s.kind, s.object_id): " ".join(s.text.split()) for s in sources}
    by_number = {c.number: originals[c.kind, c.object_id] for c in draft.citations}
    lines = draft.text.split("\n\n")[1].split("\n")
    for line in lines:
        match = re.fullmatch(r"(?:\d+\. )?(.+) \[(\d+)\]", line)
        assert match, line
        assert match[1] in by_number[int(match[2])]
    assert unsupported_sentences(draft.text, sources, embedder) == ()


def test_personal_data_and_courtesy_of_a_source_stay_there(embedder: Embedder) -> None:
    source = [Passage("ticket", 12, "VPN disconnects after a minute", RESOLVED, 0.9, "en")]
    draft = drafted(compose("My VPN disconnects after a minute", source, embedder))
    assert "IPv6" in draft.text
    assert "1234567" not in draft.text
    assert "Tom" not in draft.text
    assert "Ann" not in draft.text


@pytest.mark.parametrize("language", sorted(FRAMES))
def test_the_frame_speaks_the_requester_s_language(
    language: str, sources: list[Passage], embedder: Embedder
) -> None:
    draft = drafted(compose("install VPN on laptop", sources, embedder, language=language))
    assert draft.language == language
    assert draft.text.startswith(FRAMES[language].greeting_unnamed)
    assert FRAMES[language].regards in draft.text


def test_a_source_in_another_language_lowers_the_confidence(
    sources: list[Passage], embedder: Embedder
) -> None:
    same = drafted(compose("install VPN", sources, embedder, language="en"))
    other = drafted(compose("install VPN", sources, embedder, language="de"))
    assert other.confidence < same.confidence


def test_thin_evidence_gives_a_reason_instead_of_a_draft(embedder: Embedder) -> None:
    far = [Passage("article", 1, "Book a room", "Rooms are booked in the calendar.", 0.2)]
    empty = [Passage("article", 1, "Book a room", "Thanks!\nhttps://example.com", 0.9)]
    for passages, code in (([], "no_sources"), (far, "too_far"), (empty, "no_sentences")):
        found = compose("How do I book a room?", passages, embedder)
        assert isinstance(found, NoDraft)
        assert found.code == code
        assert found.reason.startswith("No draft:")


def test_invented_sentences_of_a_generated_answer_are_found(
    sources: list[Passage], embedder: Embedder
) -> None:
    text = (
        "Hello,\n\nEnter vpn.example.com as the server.\n"
        "Your manager has approved a refund of 300 euros.\n\nKind regards"
    )
    invented = unsupported_sentences(text, sources, embedder)
    assert invented == ("Your manager has approved a refund of 300 euros.",)
    assert len(unsupported_sentences("The moon is made of cheese.", [], embedder)) == 1


def test_text_is_cut_into_sentences_and_steps() -> None:
    text = "## Head\nDo this, e.g. That way. Then stop.\n- one\n  more\n- two\n\nEnd of it!"
    assert [(unit.text, unit.group) for unit in split_units(text)] == [
        ("Do this, e.g. That way.", 0),
        ("Then stop.", 0),
        ("one more", 1),
        ("two", 1),
        ("End of it!", 0),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hi Tom,", True), ("Mit freundlichen Grüßen", True), ("Cordialement", True),
     ("Saludos", True), ("High load on the server", False),
     ("Hello, open the settings and choose Reset there", False)],
)  # fmt: skip
def test_courtesy_is_recognised(text: str, expected: bool) -> None:
    assert is_courtesy(text) is expected


@pytest.mark.parametrize(
    ("language", "name", "greeting"),
    [
        ("en", "Katrin Vogel", "Hello Katrin,"),
        ("en", "k.vogel@nordwerk.example", "Hello,"),
        ("en", "  ", "Hello,"),
    ],
)
def test_english_greets_by_first_name_and_never_by_address(
    language: str, name: str, greeting: str
) -> None:
    assert frame_for(language).greet(name) == greeting


def test_german_greets_by_full_name() -> None:
    assert "Katrin Vogel" in frame_for("de").greet("Katrin Vogel")


def test_a_row_of_a_table_reads_as_a_sentence_without_its_bars() -> None:
    table = (
        "Codes:\n\n| Error | Meaning | Next step |\n|---|:-:|---|\n| 809 | Blocked | Call us |\n"
    )
    assert [unit.text for unit in split_units(table)] == ["Codes:", "809: Blocked; Call us"]
    assert [unit.text for unit in split_units("| alone |\n\nDone.")] == ["alone", "Done."]
