"""Search as the product does it, on both ways of asking: meaning and exact words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai.engine.chunk import split_passages
from ai.engine.embed import Embedder
from ai.engine.language import detect
from ai.engine.lexical import codes, tokens
from ai.engine.retrieve import (
    NEAR_IDENTICAL,
    Retriever,
    band,
    knowledge_points,
    passages,
    ticket_points,
    ticket_text,
)
from ai.engine.store_edge import EdgeStore

ARTICLES = [
    ("Set up the VPN on a laptop", "Install the client from the software centre and sign in."),
    ("Reset a forgotten password", "Choose Forgot password on the sign-in page."),
    ("Network path was not found", "Error 0x80070035 means that the share cannot be reached."),
    ("Add a printer", "Open the settings and choose Add printer."),
    ("Book a meeting room", "Rooms are booked in the calendar like a person."),
]


@pytest.fixture
def retriever(embedder: Embedder, tmp_path: Path) -> Iterator[Retriever]:
    store = EdgeStore(tmp_path / "v", dimension=embedder.dimension)
    for number, (title, body) in enumerate(ARTICLES, 1):
        store.upsert(knowledge_points(embedder, 1, "article", number, title=title, body=body))
    for number, text in enumerate(
        ["VPN drops every minute", "Printer shows paper jam", "VPN keeps dropping each minute"], 1
    ):
        store.upsert(ticket_points(embedder, 1, number, subject=text, description=text))
    yield Retriever(embedder, store)
    store.close()


def test_a_paraphrase_finds_its_article(retriever: Retriever) -> None:
    found = retriever.knowledge("I do not remember my login secret", organizations=[1])
    assert found[0].object_id == 2
    assert found[0].title == "Reset a forgotten password"


def test_an_error_code_finds_the_article_that_names_it(retriever: Retriever) -> None:
    found = retriever.knowledge("what is 0x80070035", organizations=[1])
    assert found[0].object_id == 3
    assert found[0].hits[0].lexical > 0


def test_an_object_is_found_once_and_can_be_quoted(retriever: Retriever) -> None:
    found = retriever.search("VPN laptop", organizations=[1], kinds=["article"])
    ids = [item.object_id for item in found]
    assert len(ids) == len(set(ids))
    quotes = passages(found[:1])
    assert [quote.text for quote in quotes] == [ARTICLES[0][1]]
    assert quotes[0].score == pytest.approx(found[0].similarity)


def test_a_similar_ticket_is_found_but_not_the_asking_one(retriever: Retriever) -> None:
    found = retriever.similar_tickets("VPN drops every minute", organizations=[1], exclude_ticket=1)
    assert [item.object_id for item in found] == [3]
    assert found[0].band == NEAR_IDENTICAL


def test_nothing_near_means_nothing_shown(retriever: Retriever) -> None:
    assert retriever.similar_tickets("Rain in Lisbon", organizations=[1]) == []
    assert retriever.knowledge("", organizations=[1]) == []
    assert retriever.knowledge("VPN", organizations=[]) == []
    assert retriever.knowledge("VPN", organizations=[2]) == []


def test_bands_name_the_distance() -> None:
    assert [band(x) for x in (0.95, 0.75, 0.55, 0.2)] == ["near_identical", "close", "related", ""]


@pytest.mark.parametrize(
    ("subject", "description", "expected"),
    [("a", "b", "a\nb"), ("a", "", "a"), ("", "b", "b"), ("a", "a", "a"), (" a ", " ", "a")],
)
def test_the_text_of_a_ticket_has_no_empty_lines(
    subject: str, description: str, expected: str
) -> None:
    assert ticket_text(subject, description) == expected


def test_passages_are_cut_at_headings_and_paragraphs() -> None:
    text = "# One\n\nfirst\n\n# Two\nsecond\n\nthird"
    assert split_passages(text) == ["# One\n\nfirst", "# Two\nsecond\n\nthird"]


def test_a_long_paragraph_is_cut_with_an_overlap() -> None:
    words = [f"w{n}" for n in range(500)]
    found = split_passages("# Title\n\n" + " ".join(words))
    assert all(len(passage.split()) <= 185 for passage in found)
    assert {word for passage in found for word in passage.split()} >= set(words)
    assert split_passages("") == []


def test_codes_are_told_from_words_and_small_numbers() -> None:
    text = "Error 0x80070035 on SRV-DB01, ERR_CONN_RESET, KB5001234 in 2 of 365 cases, no. 45012"
    assert codes(text).split() == ["0x80070035", "srv-db01", "err_conn_reset", "kb5001234", "45012"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("printer", "printing"), ("Drucker", "Druckern"), ("imprimante", "imprimer"),
     ("contraseña", "CONTRASENAS"), ("café crème", "CAFE CREME"), ("打印机", "打印")],
)  # fmt: skip
def test_forms_of_a_word_share_a_term(one: str, other: str) -> None:
    assert tokens(one).keys() & tokens(other).keys()


def test_language_is_found_before_search() -> None:
    assert detect("Der Drucker druckt seit heute nicht mehr")[0] == "de"
