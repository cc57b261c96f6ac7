"""What a ticket is about and whether something fails, told alike in four languages.

The packaged embedding model knows English well and other languages little, so reports of one
outage in two languages lie apart. Three hundred words of helpdesks in English, German, French and
Spanish join them: the thing that is spoken of, and a cue that it fails.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ai.engine.lexical import fold

# Thing -> beginnings of its words, folded (no accents). A word counts that begins with one.
_THINGS = """
mail: mail email e-mail outbox inbox mailbox postfach posteingang postausgang messagerie courriel
 courrier correo bandeja buzon
vpn: vpn homeoffice tunnel teletravail teletrabajo
wifi: wifi wi-fi wlan wireless inalambric
network: network internet netzwerk firmennetz reseau red connection verbindung connexion conexion
printing: printer printing prints print drucker druck imprim impres toner
scanning: scanner scan numeris escan
sound: sound audio microphone mikrofon ton hort son micro entend sonido oye
call: call anruf appel llamada telephone telefon telefono
meeting: meeting besprechung reunion
password: password passwort kennwort contrasen passe
signin: sign-in login logon anmeld einlogg identifi sesion
folder: folder ordner verzeichnis dossier carpeta
drive: drive laufwerk netzlaufwerk lecteur unidad
file: file files datei dateien fichier archivo fichero
screen: screen mask maske monitor bildschirm ecran pantalla
website: website webseite intranet portal site page pagina
order: order orders bestell auftrag commande pedido
invoice: invoice rechnung facture factura
stock: stock warehouse lager entrepot almacen
badge: badge ausweis chip tarjeta carte karte
door: door tur tor porte puerta
clock: time-clock zeiterfassung stempel badgeuse pointeuse fichar fichaje
calendar: calendar kalender agenda calendrier calendario
save: save saving speicher enregistr guard
computer: computer laptop rechner ordinateur portable ordenador portatil
camera: camera kamera webcam
till: till checkout kasse caisse caja
label: label etikett etiquette etiqueta
barcode: barcode strichcode code-barres codigo
backup: backup sicherung sauvegarde copia
database: database datenbank donnees datos
"""
# A cue that something does not do what it should.
_FAILS = re.compile(
    r"(?<!\w)(?:not|cannot|can't|doesn't|does not|do not|won't|nothing|nobody|no longer|any more|"
    r"down|gone|missing|slow|hangs?|frozen|fails?|failed|failure|outage|refused|rejected|"
    r"disconnected|breaks? off|error|broken|lost|stuck|stays?|no (?:sound|connection|access|"
    r"signal|network|mail|new|vpn|wi-?fi|printer)|silent|empty|unavailable|unreachable|timed? out|"
    r"nicht|nichts|niemand|keine?[nmrs]?|weg|fehlt|langsam|hangt|bleibt|bleiben|abgelehnt|"
    r"getrennt|bricht|fehler|kaputt|ausfall|ausgefallen|storung|gestort|unmoglich|leer|"
    r"ohne|tot|pas|plus|rien|personne|aucune?|lente?s?|refusee?s?|disparue?s?|coupe|panne|erreur|"
    r"impossible|bloquee?s?|vide|reste|restent|no|nada|nadie|lent[oa]s?|rechazad[oa]s?|"
    r"perdid[oa]s?|corta|fall[ao]|caid[oa]s?|sin|bloquead[oa]s?|vaci[oa]s?|quedan?)(?!\w)",
    re.IGNORECASE,
)
# A wish or a question about how to do something is no report of a failure.
_WISHES = re.compile(
    r"(?<!\w)(?:please|how do i|how can i|i need|we need|would like|new colleague|"
    r"for (?:a|the|our) new|"
    r"bitte|wie (?:kann|gebe|andere|mache)|ich brauche|wir brauchen|einrichten|installier|"
    r"neue[rsnm]? (?:kolleg|mitarbeit|laptop)|voudr|ajoutez|comment|peut-on|pouvez-vous|quel est|"
    r"necesit|hay que|quiero|me instal|nuev[oa] compan)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_SHORTEST = 4


@lru_cache(maxsize=1)
def _starts() -> tuple[dict[str, str], dict[str, str]]:
    """(whole short words, beginnings of longer ones), each to its thing."""
    whole: dict[str, str] = {}
    starts: dict[str, str] = {}
    name = ""
    for part in _THINGS.split():
        if part.endswith(":"):
            name = part[:-1]
        elif len(part) < _SHORTEST:
            whole[part] = name
        else:
            starts[part] = name
    return whole, starts


def things_of(text: str) -> frozenset[str]:
    """The things that a text speaks of."""
    whole, starts = _starts()
    found = set()
    for match in _WORD.finditer(fold(text)):
        word = match.group()
        if word in whole:
            found.add(whole[word])
            continue
        for end in range(len(word), _SHORTEST - 1, -1):
            if word[:end] in starts:
                found.add(starts[word[:end]])
                break
        else:
            # "Druckaufträge" begins with its thing, "Netzlaufwerk" and "VPN-Client" hold one.
            found |= {whole[part] for part in word.split("-") if part in whole}
    return frozenset(found)


def tells_of_failure(text: str) -> bool:
    """Whether a text reports that something fails, and does not wish for something."""
    folded = fold(text)
    return bool(_FAILS.search(folded)) and not _WISHES.search(folded)
