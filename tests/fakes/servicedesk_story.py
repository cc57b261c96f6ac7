"""People at work in the ServiceDesk Plus fake, for stories of random changes."""

import random

from tests.fakes.servicedesk import NAMES, Sdp


class LivelySdp(Sdp):
    """A ServiceDesk Plus in which things happen by chance."""

    def populate(self, count: int, chance: random.Random) -> None:
        for number in range(count):
            made = self.open(f"Request {number}", urgency=chance.choice(sorted(NAMES["urgency"])))
            if chance.random() < 0.5:
                self.say(made, f"<p>First line on {number}</p>")

    def disturb(self, chance: random.Random, word: str) -> None:
        number = chance.choice(list(self.requests))
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

    def said(self, remote_id: str) -> list[str]:
        notes = [one["description"] for one in self.notes if one["request"] == remote_id]
        solution = self.requests[remote_id]["resolution"]
        return [*notes, *([solution] if solution else [])]

    def files(self, remote_id: str) -> list[str]:
        return [one["name"] for one in self.attachments if one["request"] == remote_id]

    def fields(self, remote_id: str) -> dict[str, str]:
        row = self.requests[remote_id]
        return {name: row[name] for name in ("subject", "status", "urgency", "impact")}

    def ids(self) -> list[str]:
        return list(self.requests)
