"""What all fakes in which things happen by chance have in common."""

import random
from abc import abstractmethod


class Lively:
    """`hot`: half of what happens, happens on so many of the first tickets, so that both sides
    often change the same one."""

    hot = 0

    @abstractmethod
    def ids(self) -> list[str]:
        """All tickets."""

    @abstractmethod
    def spoken(self, remote_id: str) -> list[tuple[str, bool]]:
        """All that was said on a ticket, without its opening: (text, whether it is public)."""

    @abstractmethod
    def papers(self, remote_id: str) -> list[tuple[str, bytes]]:
        """Names and bytes of its files."""

    def one_of(self, chance: random.Random) -> str:
        """A ticket."""
        ids = self.ids()
        if self.hot and chance.random() < 0.5:
            ids = ids[: self.hot]
        return chance.choice(ids)

    def said(self, remote_id: str) -> list[str]:
        """All texts."""
        return [text for text, _public in self.spoken(remote_id)]

    def files(self, remote_id: str) -> list[str]:
        """Names of its files."""
        return [name for name, _content in self.papers(remote_id)]
