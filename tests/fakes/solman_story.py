"""People at work in the Solution Manager fake, for stories of random changes."""

import random
from typing import Any

from tests.fakes.lively import Lively
from tests.fakes.solman import TEXTS, Solman


class LivelySolman(Lively, Solman):
    """A Solution Manager in which things happen by chance."""

    def populate(self, count: int, chance: random.Random) -> None:
        for number in range(count):
            guid = self.open(f"Incident {number}", Priority=str(chance.randint(1, 4)))
            if chance.random() < 0.5:
                self.say(guid, f"First line on {number}")

    def disturb(self, chance: random.Random, word: str) -> None:
        guid = self.one_of(chance)
        what = chance.choice(["say", "note", "file", "status", "priority"])
        if what in {"say", "note"}:
            self.say(guid, f"Said {word}", kind="SU01" if what == "say" else "SU04")
        elif what == "file":
            self.put_file(guid, f"{word}txt", word.encode())
        elif what == "status":
            self.change(guid, status=chance.choice(["NEW", "IN_PROC", "CUSTACTION", "PROP_SOL"]))
        else:
            self.change(guid, Priority=str(chance.randint(1, 4)))

    def spoken(self, remote_id: str) -> list[tuple[str, bool]]:
        here = [one for one in self.texts if one["guid"] == remote_id and one["Tdid"] != "SU99"]
        return [(one["TextString"], one["Tdid"] == "SU01") for one in here]

    def papers(self, remote_id: str) -> list[tuple[str, bytes]]:
        here = [one for one in self.attachments if one["guid"] == remote_id]
        return [(one["fileName"], one["content"]) for one in here]

    def opening(self, remote_id: str) -> str:
        here = [one for one in self.texts if one["guid"] == remote_id and one["Tdid"] == "SU99"]
        text: str = here[0]["TextString"]
        return text

    def fields(self, remote_id: str) -> dict[str, str]:
        row: dict[str, Any] = self.incidents[remote_id]
        return {"status": TEXTS[row["status"]], "priority": row["Priority"]}

    def ids(self) -> list[str]:
        return list(self.incidents)
