"""Tickets and mails to measure with: ours, different from each other, always the same."""

import csv
import random
from email.message import EmailMessage
from pathlib import Path

THINGS = (
    "printer", "laptop", "docking station", "VPN client", "mailbox", "calendar", "phone",
    "badge reader", "scanner", "file share", "SAP logon", "projector", "monitor", "headset",
    "warehouse terminal", "password", "certificate", "Wi-Fi", "label printer", "browser",
)  # fmt: skip
TROUBLES = (
    "does not start", "is very slow", "shows an error", "asks for the password again and again",
    "lost its settings", "cannot be reached", "freezes after a minute", "is locked",
    "makes a strange noise", "stopped after the update", "is missing", "rejects my account",
)  # fmt: skip
PLACES = (
    "in Kiel", "in Leeds", "in Rotterdam", "at home", "in room 12", "on the second floor",
    "in the warehouse", "at the customer's", "in the canteen", "at gate 3",
)  # fmt: skip
DETAILS = (
    "It began this morning after I came back from a meeting.",
    "I restarted twice and the message is still there.",
    "A colleague beside me has the same trouble.",
    "The error code on the screen is {code}.",
    "I need it for the month-end closing, which is due tomorrow.",
    "Yesterday everything worked, and nobody changed anything as far as I know.",
    "The device has the number {code} on its label.",
    "I can work on something else until the afternoon.",
    "The window closes before I can read what it says.",
    "Please call me on extension {code} when somebody has time.",
)  # fmt: skip
COLUMNS = ("subject", "body", "category")


def tickets(count: int, seed: int = 1) -> list[tuple[str, str, str]]:
    """`count` different (subject, description, category)."""
    choose = random.Random(seed)
    found = []
    for number in range(count):
        thing = choose.choice(THINGS)
        subject = f"{thing.capitalize()} {choose.choice(TROUBLES)} {choose.choice(PLACES)}"
        details = " ".join(choose.sample(DETAILS, 4)).format(code=choose.randrange(1000, 9999))
        body = f"Hello,\n\nmy {thing} {choose.choice(TROUBLES)}. {details}\n\nThanks\n{number}"
        found.append((subject, body, f"{thing.capitalize()}s"))
    return found


def write_csv(path: Path, rows: list[tuple[str, str, str]]) -> None:
    """A file for `manage.py import_tickets`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def mails(count: int, to: str, seed: int = 2) -> list[bytes]:
    """`count` different mails of people the desk knows by their domain."""
    found = []
    for number, (subject, body, _) in enumerate(tickets(count, seed)):
        mail = EmailMessage()
        mail["From"] = f"Person {number} <person{number}@nordwerk.example>"
        mail["To"], mail["Subject"] = to, subject
        mail["Message-ID"] = f"<bench-{seed}-{number}@mail.nordwerk.example>"
        mail.set_content(body)
        found.append(bytes(mail))
    return found
