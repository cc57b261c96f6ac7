"""What personal data and secrets look like, and the checks that tell them from serial numbers.

Every pattern starts at a boundary and has bounded repetition, so that a hostile megabyte costs
a pass over it and no more. A number with a check digit (card, IBAN, national id) is masked only
where the digit is right; a bare number only where a word beside it says what it is.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]

# Bits per character: words and paths stay below 3.6, random keys above 4.
SECRET_ENTROPY = 3.8
SHORTEST_KEY = 16
# How far before a number the word that explains it may stand, in characters.
EXPLAINED_WITHIN = 40

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])", re.IGNORECASE
)
_IBAN = re.compile(
    r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)", re.IGNORECASE
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_CARD_NETWORK = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689]\d{12}|"
    r"(?:6011|64[4-9]\d|65\d\d|35[2-8]\d|62\d\d)\d{12}|(?:50|5[6-8]|6[0379])\d{10,17}"
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_VERSION = re.compile(
    r"(?:\bv|\bver|\bversion|\bversión|\bfirmware|\bbuild|\brelease)[ .:]{0,3}$", re.IGNORECASE
)

# Telephone numbers: with a country code; in a national grouping; bare behind a word that says so.
_ABROAD = re.compile(r"(?<![\w.,:/+-])(?:\+|00)[1-9][\d ()./-]{6,20}\d(?![\w-])")
_GROUPED = re.compile(
    r"(?<![\w.,:/+#-])(?:"
    r"\(0\d{1,5}\)[ /-]?\d[\d -]{3,11}\d|"  # (030) 123 45 67
    r"0\d{1,4}[ ]?[/-][ ]?\d[\d -]{3,11}\d|"  # 030/1234567, 0171-2345678
    r"0\d{2,5} \d{3,8}(?:[ -]\d{1,6}){0,3}|"  # 030 12345678, 020 7946 0958
    r"0[1-9](?:[ .-]\d{2}){4}|"  # 06 12 34 56 78
    r"\(\d{3}\) ?\d{3}-\d{4}|\d{3}([ .-])\d{3}\1\d{4}|"  # (212) 555-0123, 212.555.0123
    r"[6-9]\d{2}(?: \d{3}){2}|[6-9]\d{2}(?: \d{2}){3}|9\d \d{3} \d{2} \d{2}|"  # 612 345 678
    r"01[5-7]\d{8,9}|0[67]\d{8}|07\d{9}"  # mobile numbers in one piece
    r")(?![\w-])"
)
_BARE = re.compile(r"(?<![\w.,:/+#-])\(?\d[\d ()./-]{4,16}\d(?![\w-])")
_PHONE_WORD = re.compile(
    r"(?<!\w)(?:tel|telefon\w{0,10}|phone\w{0,6}|telephone|téléphone|teléfono|telefono|mobil\w{0,8}|"
    r"móvil|movil|handy\w{0,8}|cell\w{0,3}|portable|fax|durchwahl|extension|extensión|ext|call|ring|"
    r"callback|ruf\w{0,5}|anrufen|appel\w{0,3}|joignable|joindre|ll[aá]m\w{1,6}|erreichbar|erreichen|"
    r"whatsapp)(?!\w)",
    re.IGNORECASE,
)
_NOT_PHONE_WORD = re.compile(
    r"(?<!\w)(?:order|ticket|serial|invoice|po|case|incident|asset|part|material|model|bestell\w{0,8}|"
    r"auftrag\w{0,8}|rechnung\w{0,8}|serien\w{0,8}|commande|facture|série|pedido|factura|serie|imei|"
    r"sn|s/n|article|artikel\w{0,8}|build|error|fehler\w{0,6}|erreur|card|karte\w{0,8}|carte|"
    r"tarjeta|iban|konto\w{0,8}|account|compte|cuenta)(?!\w)",
    re.IGNORECASE,
)
_HEX_DUMP = re.compile(r" [0-9a-f]{4}(?!\w)", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}(?: \d{1,2})?")

# Secrets that somebody names: "password: x", "das Passwort lautet x", DB_PASSWORD=x.
_SPOKEN_SECRET = re.compile(
    r"(?<![^\W_])(?P<name>passwords?|passwort|kennwort|passwd|passcode|passphrase|mot de passe|mdp|"
    r"contraseña|contrasena|clave(?: (?:de acceso|api|secreta))?|code (?:pin|secret)|"
    r"clé (?:api|secrète)|(?:wlan-|api-)?schlüssel|pwd|pw|pass|pin|puk|otp|tan|"
    r"(?:client[ _-]?)?secret|token|jeton|(?:api|access|secret|account)[ _-]?key)"
    r"[\"'`]?(?:[ \t]{1,3}\([^()\n]{1,30}\))?"
    r"(?:(?:[ \t]{1,3}(?:for|für|pour|para|of|von|de|del)(?:[ \t]{1,3}[^\s:=,;.]{1,40}){1,3}?)?"
    r"(?P<said>[ \t]{0,3}(?:[:=]|=>|->)[ \t]{0,3}|"
    r"[ \t]{1,3}(?:is(?: now)?|was|ist(?: jetzt)?|war|lautet|est|était|es|era|:=)[ \t]{1,3})|"
    r"[ \t]{1,3}(?:(?:to|auf)[ \t]{1,3})?)"
    r"[\"'`„“«]?(?P<value>[^\s\"'`„“«»,;<>]{3,200})",
    re.IGNORECASE,
)
# "password: please", "the token is invalid": what stands there is no secret.
_PLAIN_WORDS = """
a aber abgelaufen again an and are as asks at avec been before being bereits bitte bloqueada
bloqué bon broken but by caducada caducado cambiada cannot changed changé con correct correcta
correcte das dass demandé depuis der desconocida desde die does doesn ein eine empty encore
enter entered equivocada erroné errónea est etc every expire expired expires expiring expiré
expirée falsch faux favor fehlt field fine for forgotten from funktioniert gesperrt geändert
gone gültig ha help here how idea ignored immer inconnu incorrect incorrecta incorrecte invalid
invalide inválida inválido issue ist its jetzt kaputt kein keine known leer locked lost mauvais
mehr merci missing necesaria need needed needs never new nicht noch none not now nueva null
nécessaire obligatoria off old olvidada only oublié over para pas perdida perdu please plus por
pour problem prompt périmé que quickly refusé rejected required requis reset richtig right
réinitialiser réinitialisé same see seit set setzen sigue solicitada still stored supposed that
the there this too toujours una unbekannt und une ungültig unknown unset update urgent vacía
valid valide vencida vergessen very vide vorhanden válida was weg what when which wieder will
wird with working wrong yes you your zurücksetzen
"""
_PLAIN = frozenset(_PLAIN_WORDS.split())
# "otp 492813" needs no colon.
_SHORT_CODES = frozenset(["pin", "puk", "otp", "tan"])
_CREDENTIALS_URL = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:(?P<value>[^\s/@]{1,200})@", re.IGNORECASE
)
_BEARER = re.compile(r"(?<!\w)(?:Bearer|Basic)[ ]{1,3}(?P<value>[A-Za-z0-9+/=._~-]{12,2000})")
_OPTION = re.compile(
    r"(?<!\S)--?(?:password|passwd|token|secret|api-key)[ =](?P<value>[^\s\"']{3,200})"
)
_KNOWN_SECRET = re.compile(
    r"(?<![\w-])(?:sk-[\w-]{16,200}|gh[pousr]_\w{20,200}|github_pat_\w{20,200}|"
    r"glpat-[\w-]{16,100}|xox[abeprs]-[\w-]{10,200}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,60}|"
    r"eyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]{4,2000}|SG\.[\w-]{16,64}\.[\w-]{16,64}|"
    r"[sr]k_(?:live|test)_\w{16,100}|npm_\w{30,60}|hf_\w{30,60}|dop_v1_\w{40,80}|"
    r"od_[A-Za-z0-9]{20,100})(?![\w-])"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,20000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_PRODUCT_KEY = re.compile(r"(?<![\w-])(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}(?![\w-])")
_RECOVERY_KEY = re.compile(r"(?<![\w-])(?:\d{6}-){7}\d{6}(?![\w-])")
_LONG_WORD = re.compile(r"(?<![\w+/=.-])[\w+/=-]{20,200}(?![\w+/=-]|\.[a-z]{2,4}\b)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# National identity numbers: US, UK, Germany, France, Spain, Switzerland.
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_NINO = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r" ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
_TAX_ID = re.compile(r"(?<![\w.+-])[1-9]\d(?:[ ]?\d{3}){3}(?![\w-]|\.\d)")
_PENSION_ID = re.compile(r"(?<!\w)\d{2} ?\d{6} ?[A-Z] ?\d{3}(?!\w)")
_NIR = re.compile(
    r"(?<![\w.-])[1278] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB])"
    r" ?\d{3} ?\d{3} ?\d{2}(?![\w-])"
)
_DNI = re.compile(
    r"(?<![\w.-])(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[ ]?[A-HJ-NP-TV-Z](?!\w)"
)
_AHV = re.compile(r"(?<![\w.-])756\.\d{4}\.\d{4}\.\d{2}(?![\w-])")
_PAPERS = re.compile(
    r"(?<!\w)(?:passport|passnummer|reisepass\w{0,8}|(?:personal)?ausweis\w{0,8}|passeport|pasaporte|"
    r"identity card|id card|carte d['’]identité|social security|ssn)"
    r"(?:[ \t-]{0,2}(?:number|no|nr|nummer|numéro|número|n°|nº|card|#)\.?)?"
    r"[ \t]{0,3}(?:[:=]|is|ist|lautet|est|es)?[ \t]{0,3}"
    r"(?P<value>[A-Z0-9](?:[ -]?[A-Z0-9]){5,11})(?!\w)",
    re.IGNORECASE,
)


def spans(pattern: re.Pattern[str], accept: Callable[[str], bool] = bool) -> Finder:
    """A finder of what the pattern matches and `accept` agrees with."""

    def find(text: str) -> Iterator[Span]:
        return (match.span() for match in pattern.finditer(text) if accept(match.group()))

    return find


def named(pattern: re.Pattern[str], accept: Callable[[str], bool] = bool) -> Finder:
    """A finder of the pattern's group `value`: the words around it stay readable."""

    def find(text: str) -> Iterator[Span]:
        return (m.span("value") for m in pattern.finditer(text) if accept(m["value"]))

    return find


def _spoken(text: str) -> Iterator[Span]:
    for match in _SPOKEN_SECRET.finditer(text):
        value = match["value"].rstrip(".!?)]}")
        is_code = match["name"].casefold() in _SHORT_CODES and value.isdigit() and len(value) >= 4
        after = text[match.end() : match.end() + 1]
        if is_code or (len(value) >= 3 and _is_spoken(value, match["said"] or "", after)):
            start = match.start("value")
            yield start, start + len(value)


def _is_spoken(value: str, said: str, after: str) -> bool:
    """Tell "password: sommer" and "password hunter2" from "password reset"."""
    if value.casefold() in _PLAIN or "://" in value or re.fullmatch(r"[*•xX.…_-]+", value):
        return False
    has_digit = any(c.isdigit() for c in value)
    has_letter = any(c.isalpha() for c in value)
    is_mixed = any(c.isupper() for c in value[1:]) and any(c.islower() for c in value)
    has_mark = any(not c.isalnum() and c not in "-’'/" for c in value)
    if any(mark in said for mark in ":=>"):
        return True
    if not said:
        # Side by side, without a verb: only what cannot be a word.
        return has_digit and has_letter
    # Said with a verb: something odd, or one plain word that ends the line.
    return has_digit or has_mark or is_mixed or after in ("", "\n", "\r")


def _phone(text: str) -> Iterator[Span]:
    found = [match.span() for match in _ABROAD.finditer(text) if _is_phone(match.group())]
    patterns = [(_GROUPED, False)]
    if _PHONE_WORD.search(text):
        patterns.append((_BARE, True))
    for pattern, needs_word in patterns:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - EXPLAINED_WITHIN) : match.start()]
            other = _last(_NOT_PHONE_WORD, before)
            word = _last(_PHONE_WORD, before)
            explained = word > other if needs_word else word >= other
            if word < 0 and _HEX_DUMP.match(text, match.end()):
                continue
            if explained and _is_phone(match.group(), fewest=6 if needs_word else 8):
                found.append(match.span())
    yield from sorted(found, key=lambda span: (span[0], -span[1]))


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match begins; -1 without one."""
    return max((match.start() for match in pattern.finditer(text)), default=-1)


def _address(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if _is_address(match.group()) and not _VERSION.search(before):
            yield match.span()


def _tax_id(text: str) -> Iterator[Span]:
    """One number of ten passes the check by chance: a word or the grouping must tell."""
    for match in _TAX_ID.finditer(text):
        before = text[max(0, match.start() - EXPLAINED_WITHIN) : match.start()]
        explained = " " in match.group() or re.search(
            r"steuer|idnr|tin\b|tax", before, re.IGNORECASE
        )
        if explained and _is_tax_id(match.group()):
            yield match.span()


def _is_iban(value: str) -> bool:
    compact = value.replace(" ", "").upper()
    if not 15 <= len(compact) <= 34:
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _is_card(value: str) -> bool:
    digits = "".join(c for c in value if c.isdigit())
    if not _CARD_NETWORK.fullmatch(digits) or len(set(digits)) == 1:
        return False
    numbers = [int(c) for c in reversed(digits)]
    doubled = [d if n % 2 == 0 else d * 2 - 9 * (d > 4) for n, d in enumerate(numbers)]
    return sum(doubled) % 10 == 0


def _is_address(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_phone(value: str, fewest: int = 8) -> bool:
    digits = sum(c.isdigit() for c in value)
    return fewest <= digits <= 15 and not _DATE.fullmatch(value.strip())


def _is_tax_id(value: str) -> bool:
    """The German tax number: one digit comes twice or three times, the last is a check digit."""
    digits = [int(c) for c in value if c.isdigit()]
    most = Counter(digits[:10]).most_common(2)
    if not 2 <= most[0][1] <= 3 or most[1][1] > 2:
        return False
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == digits[10]


def _is_pension_id(value: str) -> bool:
    compact = value.replace(" ", "")
    letter = f"{ord(compact[8]) - 64:02d}"
    digits = [int(c) for c in compact[:8] + letter + compact[9:11]]
    factors = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(d * f, 10)) for d, f in zip(digits, factors, strict=True))
    return total % 10 == int(compact[11])


def _is_nir(value: str) -> bool:
    compact = value.replace(" ", "")
    number = compact[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(compact[13:])


def _is_dni(value: str) -> bool:
    compact = re.sub(r"[ .-]", "", value).upper()
    number = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == compact[-1]


def _is_ahv(value: str) -> bool:
    digits = [int(c) for c in value if c.isdigit()]
    return sum(d * (3 if n % 2 else 1) for n, d in enumerate(digits)) % 10 == 0


def _has_letter_and_digit(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _has_digits(value: str) -> bool:
    return sum(c.isdigit() for c in value) >= 4


def _is_random(value: str) -> bool:
    """Tell a key from a file's or a job's name: by its longest piece without a hyphen in it."""
    if _UUID.fullmatch(value):
        return False
    piece = max(re.split(r"[_/-]+", value), key=len)
    kinds = (str.isdigit, str.islower, str.isupper)
    if len(piece) < SHORTEST_KEY or not all(any(test(c) for c in piece) for test in kinds):
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) >= SECRET_ENTROPY


# In this order: what is masked first is out of the way of looser patterns.
FINDERS: tuple[tuple[str, Finder], ...] = (
    ("SECRET", spans(_PRIVATE_KEY)),
    ("SECRET", spans(_KNOWN_SECRET)),
    ("SECRET", named(_CREDENTIALS_URL)),
    ("EMAIL", spans(_EMAIL)),
    ("SECRET", named(_BEARER)),
    ("SECRET", named(_OPTION)),
    ("SECRET", _spoken),
    ("SECRET", spans(_RECOVERY_KEY)),
    ("SECRET", spans(_PRODUCT_KEY, _has_letter_and_digit)),
    ("IBAN", spans(_IBAN, _is_iban)),
    ("CARD", spans(_CARD, _is_card)),
    ("ID", spans(_NIR, _is_nir)),
    ("ID", spans(_SSN)),
    ("ID", spans(_NINO)),
    ("ID", spans(_DNI, _is_dni)),
    ("ID", spans(_AHV, _is_ahv)),
    ("ID", spans(_PENSION_ID, _is_pension_id)),
    ("ID", _tax_id),
    ("ID", named(_PAPERS, _has_digits)),
    ("IP", _address),
    ("IP", spans(_IPV6, _is_address)),
    ("PHONE", _phone),
    ("SECRET", spans(_LONG_WORD, _is_random)),
)
