"""Files of every kind, made here: whole ones, and those that mean harm."""

import io
import zipfile
from collections.abc import Mapping

from docx import Document
from pypdf import PdfReader, PdfWriter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SHOW = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


def pdf(*pages: str) -> bytes:
    """A PDF whose pages hold these lines in a standard font."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", font]
    kids = []
    for page in pages:
        shown = [line.replace("(", r"\(").replace(")", r"\)") for line in page.split("\n")]
        body = "BT /F1 11 Tf 14 TL 40 800 Td " + " ".join(f"({s}) Tj T*" for s in shown) + " ET"
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources"
            f" << /Font << /F1 3 0 R >> >> /Contents {len(objects) + 2} 0 R >>"
        )
        objects.append(f"<< /Length {len(body)} >>\nstream\n{body}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = io.BytesIO(b"")
    out.write(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1"))
    table = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write(b"".join(f"{place:010d} 00000 n \n".encode() for place in places))
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n".encode())
    out.write(f"startxref\n{table}\n%%EOF\n".encode())
    return out.getvalue()


def locked_pdf(password: str, *pages: str) -> bytes:
    """The same behind a password ("" locks changes only)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(*pages))))
    writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx() -> bytes:
    """A manual with two headings, a list and a table."""
    document = Document()
    document.add_heading("Remote access", level=1)
    document.add_paragraph("The VPN client runs on every laptop of the company.")
    document.add_heading("Resetting the token", level=2)
    document.add_paragraph("Open the self-service portal.", style="List Bullet")
    document.add_paragraph("Choose “New token” and confirm by telephone.", style="List Bullet")
    table = document.add_table(rows=2, cols=3)
    for place, words in enumerate(["Site", "Gateway", "Port", "Berlin", "vpn-b.example", "443"]):
        table.cell(place // 3, place % 3).text = words
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def archive(files: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return out.getvalue()


def xlsx(sheets: dict[str, list[list[str | int]]]) -> bytes:
    """A workbook of inline strings and numbers."""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName='
        '"/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/_rels/workbook.xml.rels": _relations(
            {
                f"rId{n}": ("worksheet", f"worksheets/sheet{n}.xml")
                for n in range(1, len(sheets) + 1)
            }
        ),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in enumerate(sheets, 1)
        )
        + "</sheets></workbook>",
    }
    for number, rows in enumerate(sheets.values(), 1):
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>'
            + "".join(
                f'<row r="{r}">' + "".join(_cell(r, c, value) for c, value in enumerate(row))
                + "</row>"
                for r, row in enumerate(rows, 1)
            )
            + "</sheetData></worksheet>"
        )  # fmt: skip
    return archive(files)


def _cell(row: int, column: int, value: str | int) -> str:
    where = f"{chr(65 + column)}{row}"
    if isinstance(value, int):
        return f'<c r="{where}"><v>{value}</v></c>'
    return f'<c r="{where}" t="inlineStr"><is><t>{value}</t></is></c>'


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{RELATIONS}">{lines}</Relationships>'


def pptx(slides: list[tuple[str, str, str]]) -> bytes:
    """A show of (title, text, notes); the slides lie in the file the other way round."""
    count = len(slides)
    files: dict[str, str | bytes] = {
        "ppt/_rels/presentation.xml.rels": _relations(
            {f"rId{n}": ("slide", f"slides/slide{count + 1 - n}.xml") for n in range(1, count + 1)}
        ),
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{SHOW}" xmlns:r="{OFFICE}"><p:sldIdLst>'
        + "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, count + 1))
        + "</p:sldIdLst></p:presentation>",
    }
    for number, (title, text, notes) in enumerate(slides, 1):
        name = f"slide{count + 1 - number}.xml"
        files[f"ppt/slides/{name}"] = _slide(("title", title), ("", text))
        files[f"ppt/slides/_rels/{name}.rels"] = _relations(
            {"rId1": ("notesSlide", f"../notesSlides/n{number}.xml")}
        )
        files[f"ppt/notesSlides/n{number}.xml"] = _slide(("sldNum", "7"), ("body", notes))
    return archive(files)


def _slide(*shapes: tuple[str, str]) -> str:
    shown = "".join(
        f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r>'
        f"<a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        for kind, text in shapes
    )
    names = f'xmlns:p="{SHOW}" xmlns:a="{DRAWING}"'
    return f"<p:sld {names}><p:cSld><p:spTree>{shown}</p:spTree></p:cSld></p:sld>"


MAIL = (
    b"From: Alice <alice@nordwerk.example>\r\nTo: desk@nordwerk.example\r\n"
    b"Subject: =?utf-8?q?Drucker_im_B=C3=BCro?=\r\nMessage-ID: <1@nordwerk.example>\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>The printer takes <b>A4</b> paper only.</p><script>alert(1)</script>"
)

PAGE = b"""<!doctype html><html><head><title>Guest network</title><style>p{}</style></head><body>
<nav>Home | Search</nav><h1>Guest network</h1><p>Guests sign in<br>with a voucher.</p>
<ul><li>Ask reception</li><li>Type the code</li></ul>
<table><tr><th>Site</th><th>Name</th><th>Speed</th></tr>
<tr><td>Berlin</td><td>guest-b</td><td>100</td></tr></table><script>steal()</script></body></html>"""
