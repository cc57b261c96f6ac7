"""Word, Excel and PowerPoint files (OOXML)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook

from ai.engine.documents.pieces import (
    BROKEN,
    EMPTY,
    MOST_TEXT,
    TOO_LONG,
    Extracted,
    Refused,
    Section,
    table_rows,
)

MOST_ROWS = 50_000
MOST_COLUMNS = 200
_HEADING = re.compile(r"^(?:heading|berschrift|titre|título|titolo)\s*(\d)", re.IGNORECASE)
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}"
# Strangers' XML: no entities, no network, no trees beyond the parser's own limits.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
_LIST = re.compile(r"list|aufz|liste", re.IGNORECASE)


def read_docx(content: bytes) -> Extracted:
    """Paragraphs, lists and tables in their order; Word files know no pages."""
    try:
        blocks = [block for block in _word_blocks(content) if block.strip()]
    except (PackageNotFoundError, KeyError, ValueError, etree.XMLSyntaxError) as error:
        raise Refused(BROKEN) from error
    return _whole("docx", [Section("", "\n\n".join(blocks))], 0)


def _word_blocks(content: bytes) -> Iterator[str]:
    for block in Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(block, Paragraph):
            yield _paragraph(block)
        elif isinstance(block, Table):
            yield from table_rows([[cell.text for cell in row.cells] for row in block.rows])


def _paragraph(block: Paragraph) -> str:
    text = " ".join(block.text.split())
    style = str(block.style.name or "") if block.style is not None else ""
    heading = _HEADING.match(style)
    if heading and text:
        return f"{'#' * min(6, int(heading[1]) or 1)} {text}"
    if style.lower() == "title" and text:
        return f"# {text}"
    return f"- {text}" if text and _LIST.search(style) else text


def read_xlsx(content: bytes) -> Extracted:
    """Each sheet's rows, every value with its column's name."""
    sections = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = list(book.sheet_names)
        for name in names:
            rows = _sheet_rows(book, name)
            if rows:
                sections.append(Section(f"sheet:{name}", "\n\n".join(rows)))
    except (CalamineError, OSError, ValueError) as error:
        raise Refused(BROKEN) from error
    return _whole("xlsx", sections, len(names))


def _sheet_rows(book: CalamineWorkbook, name: str) -> list[str]:
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True, nrows=MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise Refused(TOO_LONG)
    return table_rows([[_cell(value) for value in row[:MOST_COLUMNS]] for row in rows])


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def read_pptx(content: bytes) -> Extracted:
    """Each slide's title, texts, tables and speaker notes, in the order of the show."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            order = _slide_order(archive)
            sections = [
                Section(f"slide:{number}", text)
                for number, name in enumerate(order, 1)
                if (text := _slide(archive, name)).strip()
            ]
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, EOFError, ValueError) as error:
        raise Refused(BROKEN) from error
    return _whole("pptx", sections, len(order))


def _slide_order(archive: zipfile.ZipFile) -> list[str]:
    targets = _relations(archive, "ppt/_rels/presentation.xml.rels")
    tree = etree.fromstring(archive.read("ppt/presentation.xml"), _PARSER)
    found = (targets.get(str(node.get(f"{_R}id"))) for node in tree.iter(f"{_P}sldId"))
    return [_within("ppt", target) for target in found if target]


def _relations(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    if name not in archive.namelist():
        return {}
    tree = etree.fromstring(archive.read(name), _PARSER)
    return {
        str(node.get("Id")): str(node.get("Target"))
        for node in tree.iter(f"{_REL}Relationship")
        if node.get("TargetMode") != "External"
    }


def _within(folder: str, target: str) -> str:
    """The archive's name of a relation's target, which may climb: "../notesSlides/x.xml"."""
    parts = [] if target.startswith("/") else folder.split("/")
    for part in target.strip("/").split("/"):
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts)


def _slide(archive: zipfile.ZipFile, name: str) -> str:
    tree = etree.fromstring(archive.read(name), _PARSER)
    blocks: list[str] = []
    for shape in tree.iter(f"{_P}sp"):
        text = _lines(shape)
        kinds = {str(node.get("type")) for node in shape.iter(f"{_P}ph")}
        if text and kinds & {"title", "ctrTitle"}:
            blocks.insert(0, f"# {' '.join(text)}")
        elif text:
            blocks.append("\n\n".join(text))
    for table in tree.iter(f"{_A}tbl"):
        rows = [[" ".join(_lines(cell)) for cell in row.iter(f"{_A}tc")] for row in
                table.iter(f"{_A}tr")]  # fmt: skip
        blocks += table_rows(rows)
    folder, file = name.rsplit("/", 1)
    for target in _relations(archive, f"{folder}/_rels/{file}.rels").values():
        if "notesSlide" in target:
            notes = etree.fromstring(archive.read(_within(folder, target)), _PARSER)
            blocks += [" ".join(_lines(shape)) for shape in _bodies(notes)]
    return "\n\n".join(block for block in blocks if block.strip())


def _bodies(notes: etree._Element) -> Iterator[etree._Element]:
    """The shape with the notes themselves: beside it stand the slide's picture and number."""
    for shape in notes.iter(f"{_P}sp"):
        if any(node.get("type") == "body" for node in shape.iter(f"{_P}ph")):
            yield shape


def _lines(shape: etree._Element) -> list[str]:
    lines = ("".join(run.text or "" for run in p.iter(f"{_A}t")) for p in shape.iter(f"{_A}p"))
    return [" ".join(line.split()) for line in lines if line.strip()]


def _whole(kind: str, sections: list[Section], units: int) -> Extracted:
    length = sum(len(section.text) for section in sections)
    if length > MOST_TEXT:
        raise Refused(TOO_LONG)
    if not any(section.text.strip() for section in sections):
        raise Refused(EMPTY)
    return Extracted(kind, tuple(sections), units)
