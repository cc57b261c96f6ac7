"""The demo desk's request forms, in the four languages of the product."""

from __future__ import annotations

from dataclasses import dataclass

from omnidesk.demo.content.fields import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFurther:
    subject: str
    text: str
    category: str
    team: str
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoForm:
    key: str
    icon: str
    title: Texts
    summary: Texts
    subject: str
    category: str
    team: str
    # Keys of fields; a star makes one required here.
    asks: tuple[str, ...]
    intro: Texts | None = None
    further: tuple[DemoFurther, ...] = ()
    asks_note: bool = True
    # A checklist for its tickets; a star makes a step required.
    steps: tuple[str, ...] = ()


FORMS: tuple[DemoForm, ...] = (
    DemoForm(
        key="access",
        icon="key",
        title=(
            "Access and passwords",
            "Zugang und Passwörter",
            "Accès et mots de passe",
            "Acceso y contraseñas",
        ),
        summary=(
            "Locked out, new rights, MFA app",
            "Gesperrt, neue Rechte, MFA-App",
            "Compte bloqué, droits, application MFA",
            "Bloqueo, permisos, app MFA",
        ),
        subject="{form}: {system}, {access_wish}",
        category="access",
        team="service-desk",
        asks=("access_wish*", "system*", "rights*"),
    ),
    DemoForm(
        key="software",
        icon="box",
        title=("Order software", "Software bestellen", "Commander un logiciel", "Pedir software"),
        summary=(
            "Licences and installations",
            "Lizenzen und Installationen",
            "Licences et installations",
            "Licencias e instalaciones",
        ),
        subject="{form}: {software_name}",
        category="software",
        team="service-desk",
        asks=("software_name*", "seats*", "cost_centre*"),
    ),
    DemoForm(
        key="device",
        icon="laptop",
        title=("Order a device", "Gerät bestellen", "Commander un appareil", "Pedir un equipo"),
        summary=(
            "Laptop, phone, monitor, dock",
            "Notebook, Handy, Monitor, Dock",
            "Portable, téléphone, écran, dock",
            "Portátil, móvil, monitor, base",
        ),
        subject="{form}: {device}",
        category="devices",
        team="workplace",
        asks=("device*", "device_reason*", "old_device", "cost_centre*"),
    ),
    DemoForm(
        key="colleague",
        steps=(
            "Account and mailbox created*",
            "Laptop prepared and labelled*",
            "Welcome mail with first password sent*",
            "Seat and badge agreed with the site",
        ),
        icon="person-plus",
        title=(
            "New colleague",
            "Neue Kollegin, neuer Kollege",
            "Nouveau collègue",
            "Nueva persona en el equipo",
        ),
        summary=(
            "Onboarding and moves",
            "Eintritt und Umzug",
            "Arrivées et déménagements",
            "Incorporaciones y traslados",
        ),
        intro=(
            "One request prepares everything. Five working days ahead is enough.",
            "Eine Anfrage bereitet alles vor. Fünf Arbeitstage vorher genügen.",
            "Une seule demande prépare tout. Cinq jours ouvrés à l'avance suffisent.",
            "Una sola solicitud lo prepara todo. Bastan cinco días laborables de antelación.",
        ),
        subject="{form}: {new_name}, {first_day}",
        category="access",
        team="service-desk",
        asks=("new_name*", "first_day*", "manager", "equipment*", "sap_role"),
        further=(
            DemoFurther(
                subject="Laptop for {new_name}, {first_day}",
                text="Prepare a laptop for {new_name}. First day: {first_day}.",
                category="devices",
                team="workplace",
                when=(("equipment", ("laptop",)),),
            ),
            DemoFurther(
                subject="Account for {new_name}, {first_day}",
                text="Create account and mailbox of {new_name}. First day: {first_day}.",
                category="access",
                team="service-desk",
            ),
            DemoFurther(
                subject="SAP access for {new_name}",
                text="Role: {sap_role}. First day: {first_day}.",
                category="sap",
                team="sap",
                when=(("equipment", ("sap",)),),
            ),
        ),
    ),
    DemoForm(
        key="question",
        icon="chat",
        title=("Ask a question", "Frage stellen", "Poser une question", "Hacer una pregunta"),
        summary=(
            "When nothing else fits",
            "Wenn sonst nichts passt",
            "Si rien d'autre ne convient",
            "Si nada más encaja",
        ),
        subject="{form}",
        category="software",
        team="service-desk",
        asks=("question*",),
        asks_note=False,
    ),
)
