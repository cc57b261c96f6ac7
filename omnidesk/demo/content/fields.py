"""The demo desk's custom fields, in the four languages of the product.

Texts are tuples in the order of `LANGUAGES`; a list's entries are (key, texts).
"""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "de", "fr", "es")
Texts = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoField:
    key: str
    kind: str
    label: Texts
    help: Texts | None = None
    options: tuple[tuple[str, Texts], ...] = ()
    shown_when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    default: str = ""
    desk_only: bool = False
    every_ticket: bool = False


FIELDS: tuple[DemoField, ...] = (
    DemoField(
        key="asset",
        kind="pattern",
        pattern=r"NW-[LPD]\d{4}",
        every_ticket=True,
        desk_only=True,
        label=("Asset tag", "Inventarnummer", "Numéro d'inventaire", "Número de inventario"),
        help=(
            "On the sticker, such as NW-L4471",
            "Auf dem Aufkleber, zum Beispiel NW-L4471",
            "Sur l'étiquette, par exemple NW-L4471",
            "En la etiqueta, por ejemplo NW-L4471",
        ),
    ),
    DemoField(
        key="system",
        kind="choice",
        label=("System", "System", "Système", "Sistema"),
        options=(
            (
                "windows",
                ("Windows sign-in", "Windows-Anmeldung", "Session Windows", "Sesión de Windows"),
            ),
            ("sap", ("SAP", "SAP", "SAP", "SAP")),
            (
                "mail",
                (
                    "Mail and calendar",
                    "Mail und Kalender",
                    "Messagerie et agenda",
                    "Correo y calendario",
                ),
            ),
            ("vpn", ("VPN", "VPN", "VPN", "VPN")),
            (
                "share",
                ("Shared folder", "Gemeinsamer Ordner", "Dossier partagé", "Carpeta compartida"),
            ),
            ("other", ("Something else", "Etwas anderes", "Autre chose", "Otra cosa")),
        ),
    ),
    DemoField(
        key="access_wish",
        kind="choice",
        label=(
            "What do you need?",
            "Was brauchen Sie?",
            "De quoi avez-vous besoin ?",
            "¿Qué necesita?",
        ),
        options=(
            (
                "locked",
                (
                    "I am locked out",
                    "Ich bin gesperrt",
                    "Mon compte est bloqué",
                    "Mi cuenta está bloqueada",
                ),
            ),
            (
                "rights",
                (
                    "New or other rights",
                    "Neue oder andere Rechte",
                    "De nouveaux droits",
                    "Permisos nuevos o distintos",
                ),
            ),
            (
                "mfa",
                (
                    "A new MFA app or phone",
                    "Neue MFA-App oder neues Handy",
                    "Nouvelle application MFA ou nouveau téléphone",
                    "Nueva app MFA o nuevo móvil",
                ),
            ),
        ),
    ),
    DemoField(
        key="rights",
        kind="text",
        label=(
            "Which rights, and for what?",
            "Welche Rechte, und wofür?",
            "Quels droits, et pour quoi faire ?",
            "¿Qué permisos y para qué?",
        ),
        shown_when=(("access_wish", ("rights",)),),
    ),
    DemoField(
        key="software_name",
        kind="text",
        label=("Program", "Programm", "Logiciel", "Programa"),
        help=(
            "Name and version, if you know it",
            "Name und Version, falls bekannt",
            "Nom et version, si vous la connaissez",
            "Nombre y versión, si la conoce",
        ),
    ),
    DemoField(
        key="seats",
        kind="number",
        minimum=1,
        maximum=500,
        default="1",
        label=(
            "How many licences?",
            "Wie viele Lizenzen?",
            "Combien de licences ?",
            "¿Cuántas licencias?",
        ),
    ),
    DemoField(
        key="cost_centre",
        kind="pattern",
        pattern=r"\d{4}",
        label=("Cost centre", "Kostenstelle", "Centre de coûts", "Centro de coste"),
        help=("Four digits", "Vier Ziffern", "Quatre chiffres", "Cuatro cifras"),
    ),
    DemoField(
        key="device",
        kind="choice",
        label=("Device", "Gerät", "Appareil", "Equipo"),
        options=(
            ("laptop", ("Laptop", "Notebook", "Ordinateur portable", "Portátil")),
            ("phone", ("Phone", "Handy", "Téléphone", "Móvil")),
            ("monitor", ("Monitor", "Monitor", "Écran", "Monitor")),
            (
                "dock",
                ("Docking station", "Dockingstation", "Station d'accueil", "Base de conexión"),
            ),
        ),
    ),
    DemoField(
        key="device_reason",
        kind="choice",
        label=("Why?", "Warum?", "Pourquoi ?", "¿Por qué?"),
        options=(
            (
                "new",
                (
                    "I have none yet",
                    "Ich habe noch keines",
                    "Je n'en ai pas encore",
                    "Aún no tengo",
                ),
            ),
            (
                "replace",
                (
                    "It replaces an old one",
                    "Es ersetzt ein altes",
                    "Il remplace un ancien",
                    "Sustituye a uno antiguo",
                ),
            ),
        ),
    ),
    DemoField(
        key="old_device",
        kind="pattern",
        pattern=r"NW-[LPD]\d{4}",
        label=(
            "Asset tag of the old one",
            "Inventarnummer des alten Geräts",
            "Numéro d'inventaire de l'ancien",
            "Número de inventario del antiguo",
        ),
        help=(
            "Such as NW-L4471",
            "Zum Beispiel NW-L4471",
            "Par exemple NW-L4471",
            "Por ejemplo NW-L4471",
        ),
        shown_when=(("device_reason", ("replace",)),),
    ),
    DemoField(
        key="new_name",
        kind="text",
        label=(
            "Name of the new colleague",
            "Name der neuen Person",
            "Nom du nouveau collègue",
            "Nombre de la nueva persona",
        ),
    ),
    DemoField(
        key="first_day",
        kind="date",
        label=("First day", "Erster Tag", "Premier jour", "Primer día"),
    ),
    DemoField(
        key="manager",
        kind="person",
        label=("Manager", "Vorgesetzte Person", "Responsable", "Responsable"),
        help=("E-mail address", "E-Mail-Adresse", "Adresse e-mail", "Dirección de correo"),
    ),
    DemoField(
        key="equipment",
        kind="choices",
        label=(
            "What will they need?",
            "Was wird gebraucht?",
            "De quoi aura-t-il besoin ?",
            "¿Qué necesitará?",
        ),
        options=(
            ("laptop", ("Laptop", "Notebook", "Ordinateur portable", "Portátil")),
            ("phone", ("Phone", "Handy", "Téléphone", "Móvil")),
            ("sap", ("SAP access", "SAP-Zugang", "Accès SAP", "Acceso a SAP")),
            ("vpn", ("Work from home", "Homeoffice", "Télétravail", "Teletrabajo")),
        ),
    ),
    DemoField(
        key="sap_role",
        kind="text",
        label=("Which SAP role?", "Welche SAP-Rolle?", "Quel rôle SAP ?", "¿Qué rol de SAP?"),
        shown_when=(("equipment", ("sap",)),),
    ),
    DemoField(
        key="question",
        kind="long_text",
        label=("Your question", "Ihre Frage", "Votre question", "Su pregunta"),
    ),
)
