"""People at work in the ServiceDesk Plus fake, for stories of random changes."""

import random

from tests.fakes.lively import Lively
from tests.fakes.servicedesk import NAMES, Sdp


class LivelySdp(Lively, Sdp):
    """A ServiceDesk Plus in which things happen by chance."""

    def populate(self, count: int, chance: random.Random) -> None:
        for number in range(count):
            made = self.open(f"Request {number}", urgency=chance.choice(sorted(NAMES["urgency"])))
            if chance.random() < 0.5:
                self.say(made, f"<p>First line on {number}</p>")

    def disturb(self, chance: random.Random, word: str) -> None:
        number = self.one_of(chance)
        what = chance.choice(["say", "private", "file", "status", "urgency", "subject"])
        if what in {"say", "private"}:
            self.say(number, f"<p>Said {word}</p>", public=what == "say")
        elif what == "file":
            self.put_file(number, f"{word}txt", word.encode())
        elif what == "status":
            self.change(number, status=chance.choice(["Open", "On Hold", "Resolved"]))
        elif what == "urgency":
            self.change(number, urgency=chance.choice(sorted(NAMES["urgency"])))
        else:
            self.change(number, subject=f"Subject {word}")

    def spoken(self, remote_id: str) -> list[tuple[str, bool]]:
        here = [one for one in self.notes if one["request"] == remote_id]
        notes = [(one["description"], bool(one["show_to_requester"])) for one in here]
        solution = self.requests[remote_id]["resolution"]
        return [*notes, *([(solution, True)] if solution else [])]

    def papers(self, remote_id: str) -> list[tuple[str, bytes]]:
        here = [one for one in self.attachments if one["request"] == remote_id]
        return [(one["name"], one["content"]) for one in here]

    def opening(self, remote_id: str) -> str:
        text: str = self.requests[remote_id]["description"]
        return text

    def fields(self, remote_id: str) -> dict[str, str]:
        row = self.requests[remote_id]
        return {name: row[name] for name in ("subject", "status", "urgency", "impact")}

    def ids(self) -> list[str]:
        return list(self.requests)
