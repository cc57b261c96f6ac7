"""People at work in the GLPI fake, for stories of random changes (tests/federation/rounds.py)."""

import random

from tests.fakes.glpi import Glpi
from tests.fakes.lively import Lively


class LivelyGlpi(Lively, Glpi):
    """A GLPI in which things happen by chance."""

    def populate(self, count: int, chance: random.Random) -> None:
        for number in range(count):
            made = self.open(f"Ticket {number}", urgency=chance.randint(1, 5))
            if chance.random() < 0.5:
                self.say(made, f"<p>First line on {number}</p>", by=chance.choice([2, 5]))

    def disturb(self, chance: random.Random, word: str) -> None:
        number = int(self.one_of(chance))
        what = chance.choice(["say", "private", "file", "status", "urgency", "name", "solve"])
        if what in {"say", "private"}:
            by = chance.choice([2, 5])
            self.say(number, f"<p>Said {word}</p>", by=by, private=what == "private")
        elif what == "file":
            self.put_file(number, f"{word}txt", word.encode())
        elif what == "status":
            self.change(number, status=chance.randint(1, 5))
        elif what == "urgency":
            self.change(number, urgency=chance.randint(1, 5))
        elif what == "name":
            self.change(number, name=f"Name {word}")
        else:
            self.solve(number, f"<p>Solved {word}</p>")

    def spoken(self, remote_id: str) -> list[tuple[str, bool]]:
        rows = [*self.followups.values(), *self.solutions.values()]
        here = [row for row in rows if row["items_id"] == int(remote_id)]
        return [(row["content"], not row.get("is_private")) for row in here]

    def papers(self, remote_id: str) -> list[tuple[str, bytes]]:
        here = [row["documents_id"] for row in self.links if row["items_id"] == int(remote_id)]
        return [(self.documents[number]["filename"], self.bytes[number]) for number in here]

    def opening(self, remote_id: str) -> str:
        text: str = self.tickets[int(remote_id)]["content"]
        return text

    def fields(self, remote_id: str) -> dict[str, str]:
        row = self.tickets[int(remote_id)]
        codes = {name: str(row[name]) for name in ("status", "urgency", "impact", "type")}
        return {"subject": row["name"], **codes}

    def ids(self) -> list[str]:
        return [str(number) for number in self.tickets]
