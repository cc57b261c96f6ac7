"""Written cases for masking: sentences of tickets in four languages, with made-up values.

`planted()` puts values of each kind into sentences, seeded, so that every run judges the same
cases; `HARD` and `HARMLESS` are written one by one. Nothing here belongs to anybody: numbers
come from generators with the right check digits, addresses from reserved domains.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SEED = 20261127
PER_KIND_AND_LANGUAGE = 12


@dataclass(frozen=True, slots=True)
class Case:
    """A text with the values in it that must not leave; none: nothing may be masked."""

    text: str
    secrets: tuple[str, ...]
    kind: str
    language: str


SENTENCES = {
    "en": (
        "Hi team, since the update nothing works. {}. Ticket 48213, please hurry.",
        "{} - could you look into this before 17:30? Error 0x80070035 again.",
        "Printer P-2040 on floor 3 is offline.\n{}\nThanks, see you on 2026-11-27",
        "As discussed with the supplier on 12/03/2026, {}, order 4500123987.",
    ),
    "de": (
        "Hallo zusammen, seit dem Update geht nichts mehr. {}. Ticket 48213, bitte schnell.",
        "{} - könnten Sie das vor 17:30 Uhr prüfen? Wieder Fehler 0x80070035.",
        "Drucker P-2040 im 3. Stock ist offline.\n{}\nDanke, bis zum 27.11.2026",
        "Wie am 12.03.2026 besprochen: {}, Bestellung 4500123987.",
    ),
    "fr": (
        "Bonjour, depuis la mise à jour rien ne marche. {}. Ticket 48213, c'est urgent.",
        "{} - pouvez-vous regarder avant 17h30 ? Encore l'erreur 0x80070035.",
        "L'imprimante P-2040 au 3e étage est hors ligne.\n{}\nMerci, au 27/11/2026",
        "Comme convenu le 12/03/2026, {}, commande 4500123987.",
    ),
    "es": (
        "Hola, desde la actualización no funciona nada. {}. Ticket 48213, es urgente.",
        "{} - ¿pueden mirarlo antes de las 17:30? Otra vez el error 0x80070035.",
        "La impresora P-2040 de la planta 3 no responde.\n{}\nGracias, hasta el 27/11/2026",
        "Como acordamos el 12/03/2026, {}, pedido 4500123987.",
    ),
}

PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "email": {
        "en": ("my address is {}", "please copy {}", "mail from <{}> bounced"),
        "de": ("meine Adresse ist {}", "bitte {} in Kopie", "Mail von <{}> kam zurück"),
        "fr": ("mon adresse est {}", "merci de copier {}", "le message de <{}> est revenu"),
        "es": ("mi correo es {}", "con copia a {}", "el mensaje de <{}> fue devuelto"),
    },
    "phone": {
        "en": ("call me on {}", "my number: {}", "phone {}", "reach me at {} after lunch"),
        "de": ("Rückruf unter {}", "Tel.: {}", "ich bin unter {} erreichbar", "Handy {}"),
        "fr": ("rappelez-moi au {}", "tél. {}", "je suis joignable au {}", "portable : {}"),
        "es": ("llámeme al {}", "tel.: {}", "mi móvil es {}", "teléfono {}"),
    },
    "iban": {
        "en": ("refund to {}", "IBAN: {}"),
        "de": ("Erstattung auf {}", "IBAN: {}"),
        "fr": ("remboursement sur {}", "IBAN : {}"),
        "es": ("reembolso a {}", "IBAN: {}"),
    },
    "card": {
        "en": ("paid with card {}", "card number {} was declined"),
        "de": ("bezahlt mit Karte {}", "Kartennummer {} wurde abgelehnt"),
        "fr": ("payé avec la carte {}", "la carte {} a été refusée"),
        "es": ("pagado con la tarjeta {}", "la tarjeta {} fue rechazada"),
    },
    "password": {
        "en": ("my password is {}", "password: {}", "the PIN is {}", "DB_PASSWORD={}",
               "it was changed, new password = {}"),
        "de": ("mein Passwort ist {}", "Kennwort: {}", "das Passwort lautet {}", "PIN: {}",
               "smtp_password: {}"),
        "fr": ("mon mot de passe est {}", "mot de passe : {}", "mdp: {}", "le code PIN est {}",
               "nouveau mot de passe = {}"),
        "es": ("mi contraseña es {}", "contraseña: {}", "la clave es {}", "PIN: {}",
               "nueva clave = {}"),
    },
    "token": {
        "en": ("the log says {}", "I use {} for the script", "header Authorization: Bearer {}"),
        "de": ("im Protokoll steht {}", "das Skript nutzt {}", "Authorization: Bearer {}"),
        "fr": ("le journal affiche {}", "le script utilise {}", "Authorization: Bearer {}"),
        "es": ("el registro muestra {}", "el script usa {}", "Authorization: Bearer {}"),
    },
    "address": {
        "en": ("the server {} is gone", "ping to {} fails"),
        "de": ("der Server {} ist weg", "Ping an {} schlägt fehl"),
        "fr": ("le serveur {} a disparu", "le ping vers {} échoue"),
        "es": ("el servidor {} no responde", "el ping a {} falla"),
    },
    "national": {
        "en": ("my social security number is {}", "for payroll: {}"),
        "de": ("meine Steuer-ID ist {}", "für die Abrechnung, Steuer-ID {}"),
        "fr": ("mon numéro de sécurité sociale est {}", "pour la paie : {}"),
        "es": ("mi DNI es {}", "para la nómina: {}"),
    },
}  # fmt: skip

WORDS = ("sunset", "Drucker", "soleil", "gato", "Winter", "tiger", "Bretagne", "Madrid")
NAMES = ("dana.miller", "k.schulz", "marie-claire", "jose_luis", "it+alerts", "x9", "Olga.N")
DOMAINS = ("example.com", "mail.example.org", "firma.example", "sub.intra.example.net")


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def _email(rng: random.Random, language: str) -> str:
    return f"{rng.choice(NAMES)}{rng.choice(['', _digits(rng, 2)])}@{rng.choice(DOMAINS)}"


def _phone(rng: random.Random, language: str) -> str:
    a, b, c = _digits(rng, 3), _digits(rng, 4), _digits(rng, 2)
    shapes = {
        "en": (f"+1 212 555 {b}", f"(212) 555-{b}", f"212-555-{b}", f"+44 20 7946 {b}",
               f"07700 900{a}", f"020 7946 {b}"),
        "de": (f"+49 30 {b}{a}", f"030/{b}{a}", f"0171 {b}{a}", f"(0221) {a} {c} {c}",
               f"+49 (0)40 {b}-{a}", f"0151{b}{b}"),
        "fr": (f"06 12 {c} {b[:2]} {b[2:]}", f"+33 6 12 {c} {b[:2]} {b[2:]}",
               f"01.42.{c}.{b[:2]}.{b[2:]}", f"0033 1 42 {c} {b}", f"0612{c}{b}"),
        "es": (f"612 {a} {a}", f"+34 612 {a} {a}", f"91 {a} {c} {b[:2]}", f"6{b}{b}",
               f"0034 93 {a} {b}"),
    }[language]  # fmt: skip
    return rng.choice(shapes)


def _iban(rng: random.Random, language: str) -> str:
    country, length = {"en": ("GB", 18), "de": ("DE", 18), "fr": ("FR", 23), "es": ("ES", 20)}[
        language
    ]
    body = ("NWBK" + _digits(rng, length - 4)) if country == "GB" else _digits(rng, length)
    number = int("".join(str(int(c, 36)) for c in f"{body}{country}00"))
    whole = f"{country}{98 - number % 97:02d}{body}"
    if rng.random() < 0.5:
        return whole
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def _card(rng: random.Random, language: str) -> str:
    start, length = rng.choice([("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("6011", 16)])
    body = start + _digits(rng, length - len(start) - 1)
    doubled = [int(c) * (2 if n % 2 == 0 else 1) for n, c in enumerate(reversed(body))]
    check = -sum(d - 9 * (d > 9) for d in doubled) % 10
    whole = f"{body}{check}"
    mark = rng.choice(["", " ", "-"])
    return mark.join(whole[i : i + 4] for i in range(0, length, 4)) if mark else whole


def _password(rng: random.Random, language: str) -> str:
    word = rng.choice(WORDS)
    odd = "".join(rng.choices(string.ascii_letters + string.digits, k=9))
    return rng.choice(
        [f"{word}{_digits(rng, 2)}", f"{word}!{_digits(rng, 3)}", f"{odd}7#", _digits(rng, 6)]
    )


def _token(rng: random.Random, language: str) -> str:
    def some(count: int, letters: str = string.ascii_letters + string.digits) -> str:
        return "".join(rng.choices(letters, k=count - 3)) + "aB3"

    return rng.choice(
        [f"ghp_{some(36)}", f"AKIA{some(16, string.digits).upper()}", f"sk-{some(40)}", some(32),
         f"xoxb-{_digits(rng, 11)}-{some(24)}", f"glpat-{some(20)}",
         f"eyJ{some(20)}.eyJ{some(40)}.{some(43)}"]
    )  # fmt: skip


def _address(rng: random.Random, language: str) -> str:
    part = rng.randrange(2, 250)
    return rng.choice(
        [f"192.168.{part}.{part + 3}", f"10.{part}.0.{part}", f"203.0.113.{part}",
         f"2001:db8::{part:x}:{part + 5:x}", f"fe80::1ff:fe23:4567:{part:x}a"]
    )  # fmt: skip


def _national(rng: random.Random, language: str) -> str:
    return {"en": _english_id, "de": _tax_id, "fr": _nir, "es": _dni}[language](rng)


def _english_id(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return f"{rng.randrange(100, 665)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"
    numbers = f"{_digits(rng, 2)} {_digits(rng, 2)} {_digits(rng, 2)}"
    return rng.choice([f"AB {numbers} C", f"JT{numbers.replace(' ', '')}D"])


def _tax_id(rng: random.Random) -> str:
    body = rng.sample(range(10), 9)
    body.insert(rng.randrange(1, 9), body[rng.randrange(9)])
    body = body if body[0] else [*body[1:], 0]
    product = 10
    for digit in body:
        product = ((digit + product) % 10 or 10) * 2 % 11
    whole = "".join(map(str, body)) + str((11 - product) % 10)
    return rng.choice([whole, f"{whole[:2]} {whole[2:5]} {whole[5:8]} {whole[8:]}"])


def _nir(rng: random.Random) -> str:
    month, place = rng.randrange(1, 13), rng.randrange(1, 95)
    body = f"{rng.choice('12')}{_digits(rng, 2)}{month:02d}{place:02d}{_digits(rng, 6)}"
    key = f"{97 - int(body) % 97:02d}"
    spaced = f"{body[0]} {body[1:3]} {body[3:5]} {body[5:7]} {body[7:10]} {body[10:]} {key}"
    return rng.choice([body + key, spaced])


def _dni(rng: random.Random) -> str:
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if rng.random() < 0.3:
        number = _digits(rng, 7)
        return f"X{number}{letters[int(number) % 23]}"
    number = f"{rng.randrange(10_000_000, 99_999_999)}"
    return rng.choice(["{}{}", "{}-{}"]).format(number, letters[int(number) % 23])


MAKERS: dict[str, Callable[[random.Random, str], str]] = {
    "email": _email, "phone": _phone, "iban": _iban, "card": _card, "password": _password,
    "token": _token, "address": _address, "national": _national,
}  # fmt: skip


def planted() -> Iterator[Case]:
    """The same cases every time: each kind in each language."""
    rng = random.Random(SEED)
    for kind, make in MAKERS.items():
        for language, sentences in SENTENCES.items():
            for number in range(PER_KIND_AND_LANGUAGE):
                value = make(rng, language)
                phrase = PHRASES[kind][language][number % len(PHRASES[kind][language])]
                text = sentences[number % len(sentences)].format(phrase.format(value))
                yield Case(text, (value,), kind, language)


# Written one by one, before the patterns were tried on them.
_HARD: list[tuple[str, str, tuple[str, ...]]] = [
    ("en", "My old password was Summer2025! and the new one does not work", ("Summer2025!",)),
    ("en", "login jdoe, password hunter22", ("hunter22",)),
    ("en", "The temporary password for the account is Welcome-4711.", ("Welcome-4711",)),
    ("en", "wifi password (guest): CoffeeTime99", ("CoffeeTime99",)),
    ("en", '{"user": "svc", "password": "s3cr3tValue"}', ("s3cr3tValue",)),
    ("en", "mysql --user=root --password=Tr0ub4dor", ("Tr0ub4dor",)),
    ("en", "postgres://app:Zebra77@db.example.com/main", ("Zebra77",)),
    ("en", "Server=db;User Id=sa;Password=Kiwi_2026;", ("Kiwi_2026",)),
    ("en", "BitLocker asks for 123456-234567-345678-456789-567890-678901-789012-890123",
     ("123456-234567-345678-456789-567890-678901-789012-890123",)),
    ("en", "product key VK7JG-NPHTM-C97JM-9MPGT-3V66T is refused",
     ("VK7JG-NPHTM-C97JM-9MPGT-3V66T",)),
    ("en", "Passport number: X1234567, name as in the mail", ("X1234567",)),
    ("en", "curl -H 'Authorization: Basic dXNlcjpwYXNzd29yZDE=' fails",
     ("dXNlcjpwYXNzd29yZDE=",)),
    ("en", "ssn 123-45-6789 was in the screenshot", ("123-45-6789",)),
    ("en", "api_key = 9f8e7d6c5b4a39281706", ("9f8e7d6c5b4a39281706",)),
    ("en", "the one-time code, otp 492813, came too late", ("492813",)),
    ("en", "Reply to Ann <ann@example.com>, cc bob@example.com",
     ("ann@example.com", "bob@example.com")),
    ("en", "client secret: wJalrXUtnFEMI", ("wJalrXUtnFEMI",)),
    ("de", "Zugang: Benutzer mmeier, Passwort Sommer2026", ("Sommer2026",)),
    ("de", "WLAN-Schlüssel: KaffeeMaschine", ("KaffeeMaschine",)),
    ("de", "Das Kennwort für den Admin lautet Geheim!Wort", ("Geheim!Wort",)),
    ("de", "Meine Durchwahl ist 4711, mobil 0172-1234567", ("0172-1234567",)),
    ("de", "Personalausweis L01X00T471 liegt bei", ("L01X00T471",)),
    ("de", "Versicherungsnummer 15 070649 C 103", ("15 070649 C 103",)),
    ("de", "Die PIN ist 0815.", ("0815",)),
    ("de", "AHV 756.9217.0769.85 fehlt im Formular", ("756.9217.0769.85",)),
    ("de", "Fax 040/123456", ("040/123456",)),
    ("fr", "identifiant : jdupont / mot de passe : Azerty123", ("Azerty123",)),
    ("fr", "le mot de passe pour le wifi est Chocolat_7", ("Chocolat_7",)),
    ("fr", "passeport 12AB34567 expiré", ("12AB34567",)),
    ("fr", "appelez le 0142685300", ("0142685300",)),
    ("fr", "clé API : a1b2c3d4e5f6", ("a1b2c3d4e5f6",)),
    ("fr", "Carte 4970 1000 0000 0055 refusée", ("4970 1000 0000 0055",)),
    ("es", "usuario: jlopez, contraseña: Perro_2024", ("Perro_2024",)),
    ("es", "la clave para la wifi es GatoNegro8", ("GatoNegro8",)),
    ("es", "pasaporte AAA123456 caducado", ("AAA123456",)),
    ("es", "NIE X-1234567-L en el contrato", ("X-1234567-L",)),
    ("es", "whatsapp 655 43 21 09", ("655 43 21 09",)),
    ("es", "llamar al 915551234", ("915551234",)),
]  # fmt: skip
HARD = [Case(text, secrets, "hard", language) for language, text, secrets in _HARD]


# Numbers and words that look the part: masking them would blind the reader.
HARMLESS = [
    Case(text, (), "harmless", language)
    for language, text in [
        ("en", "Error 0x80070035 after KB5001234, build 10.0.19045"),
        ("en", "Order 4500123987, invoice 2026-118822, asset 00471234"),
        ("en", "Serial number 5CG7382KLM, IMEI 356938035643809"),
        ("en", "MAC address 00:1A:2B:3C:4D:5E is blocked"),
        ("en", "commit 3f786850e387550fdab836ed7e6dc881de23001b broke it"),
        ("en", "My password has expired and I cannot log in"),
        ("en", "password is incorrect, it says"),
        ("en", "The token is invalid, the PIN pad is broken"),
        ("en", "Password: please reset it"),
        ("en", "I forgot my password for the portal"),
        ("en", "password reset link does not arrive"),
        ("en", "Enter your password, then press OK"),
        ("en", "pin the message, pass the ticket on to second level"),
        ("en", "between 10:15:30 and 2026-11-20T10:15:30Z"),
        ("en", "size 1,234,567 bytes of 2.000.000.000"),
        ("en", "C:\\Users\\Public\\Documents\\Quarter4Report_Final2.xlsx"),
        ("en", "https://wiki.example.com/display/IT/How-To-Map-Network-Drives"),
        ("en", "ISBN 978-3-16-148410-0, part 123-456-78901"),
        ("en", "v1.2.3.4 of the driver, firmware 2.4.6.8"),
        ("en", "room 03-117, floor 3, seat 42"),
        ("en", "it happens 50-60 times a day, 100 % of the cases"),
        ("en", "event id 4625, port 8080, VLAN 1234"),
        ("en", "card number 4111 1111 1111 1112 is mistyped"),
        ("en", "token ring, secret santa, api key rotation policy"),
        ("de", "Bestellnummer 4500123987, Rechnung 2026-118822"),
        ("de", "Das Passwort ist abgelaufen"),
        ("de", "Passwort vergessen, bitte zurücksetzen"),
        ("de", "Kennwort wird nicht angenommen"),
        ("de", "Seriennummer 01234567890 steht auf der Rückseite"),
        ("de", "am 27.11.2026 um 10.15 Uhr, 3.200,00 EUR"),
        ("de", "Donaudampfschifffahrtsgesellschaftskapitän"),
        ("de", "Fehler 0815-4711 in Modul FI_AR_DUNNING"),
        ("de", "Der Token ist ungültig."),
        ("de", "Material 0158401519 fehlt im Auftrag 9168335496"),
        ("de", "Raum 1.23, Gebäude 4, Tor 17-19"),
        ("de", "Lieferschein 80012345, Position 0010"),
        ("fr", "Le mot de passe est expiré"),
        ("fr", "mot de passe oublié, merci de réinitialiser"),
        ("fr", "commande 4500123987, facture 2026-118822"),
        ("fr", "le 27/11/2026 à 10h15, 3 200,00 €"),
        ("fr", "numéro de série 12345678901"),
        ("fr", "erreur 404, port 8443, étage 12"),
        ("fr", "version 12.0.1 du 03.02.2026"),
        ("fr", "Le jeton est invalide depuis ce matin"),
        ("es", "La contraseña ha caducado"),
        ("es", "olvidé la contraseña, necesito una nueva"),
        ("es", "pedido 4500123987, factura 2026-118822"),
        ("es", "el 27/11/2026 a las 10:15, 3.200,00 €"),
        ("es", "número de serie 12345678"),
        ("es", "la clave es reiniciar el equipo cada mañana"),
        ("es", "error 500 en el puerto 8080, planta 12"),
        ("es", "El PIN sigue bloqueado"),
    ]
]
# Beside a harmless sentence nothing is planted: each stands in every frame of its language.
FRAMES = ("{}", "{}.\n-- \nService desk", "Re: {}")


def every_case() -> list[Case]:
    """All cases, in a fixed order."""
    framed = [
        Case(frame.format(case.text), (), case.kind, case.language)
        for case in HARMLESS
        for frame in FRAMES
    ]
    return [*planted(), *HARD, *framed]
