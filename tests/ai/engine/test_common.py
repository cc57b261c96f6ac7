"""What may be learned from another house: words that several use, nothing else."""

from ai.engine.common import in_common, reduced, words_of

FIRST = "Toner is empty in the Falkenhorst printer of J. Mustermann, jo@first.example, order 4711"
SECOND = "The printer says TONER LOW since Monday, call +49 40 5550 1234"


def test_only_words_of_two_houses_are_left() -> None:
    houses = [[words_of(FIRST), words_of(FIRST)], [words_of(SECOND)]]
    common = in_common(houses)
    assert {"toner", "printer"} <= common
    assert "falkenhorst" not in common, "said twice, but in one house"
    assert reduced(words_of(FIRST), common) == "toner the printer"


def test_numbers_and_masked_values_are_no_words() -> None:
    words = words_of(FIRST) + words_of(SECOND) + words_of("Password: Tr0ub4dor&3 for jo")
    assert not any(any(letter.isdigit() for letter in word) for word in words)
    assert not {"email", "phone", "emailaddress", "first", "tr0ub4dor"} & set(words)


def test_one_house_alone_shares_nothing() -> None:
    assert in_common([[words_of(FIRST)]]) == frozenset()
