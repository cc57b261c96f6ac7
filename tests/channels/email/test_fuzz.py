"""Two thousand mutated mails are read whole. `make fuzz` reads a hundred thousand others."""

import pytest

from integrations.channels.email.parse import parse
from tests.channels.email.fuzz import loss, mutated


@pytest.mark.parametrize("block", range(10))
def test_mutated_mails_are_read_and_can_be_stored(block: int) -> None:
    wrong = {
        number: said
        for number in range(block * 200, block * 200 + 200)
        if (said := loss(raw := mutated(number), parse(raw)))
    }
    assert not wrong


def test_a_number_always_makes_the_same_mail() -> None:
    assert mutated(41) == mutated(41)
    assert len({mutated(number) for number in range(200)}) > 190
