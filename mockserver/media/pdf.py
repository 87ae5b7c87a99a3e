"""Writes PDF files with text (ISO 32000-1)."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _SIZE, _LEADING = 595, 842, 50, 790, 10, 13
_LINES = 56  # on a sheet
# Names that a document's information can have (section 14.3.3).
INFORMATION = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")


def pdf(pages: Sequence[str], information: Mapping[str, str], archive: str = "", *, tagged: bool = False) -> bytes:
    """Return a PDF with the text of each page, in A4, and with `information` about the document.

    Letters that are not in Latin-1 are shown as question marks. Text below the end of a page is left out. `archive` is
    a level of PDF/A, such as `PDF/A-2b`, and `tagged` is for PDF/UA: the metadata name them. Fonts are not embedded.
    """
    sheets = pages or [""]
    first = 6
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(sheets)))
    marks = "/MarkInfo << /Marked true >> /Lang (en) /ViewerPreferences << /DisplayDocTitle true >>" if tagged else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R {marks} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< " + b" ".join(f"/{name} ".encode() + _text(value) for name, value in information.items()) + b" >>",
        _stream(_xmp(information, archive, tagged=tagged).encode(), "/Type /Metadata /Subtype /XML "),
    ]
    for number, text in enumerate(sheets):
        box = f"/MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {first + 2 * number + 1} 0 R >>".encode())
        objects.append(_stream(_shown(text)))
    return _file(objects)


def _shown(text: str) -> bytes:
    lines = [
        b"(" + _escaped(line[:120].encode("cp1252", "replace")) + b") Tj T*" for line in text.splitlines()[:_LINES]
    ]
    start = f"BT /F1 {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td".encode()
    return b"\n".join([start, *lines, b"ET"])


def _text(value: str) -> bytes:
    """Return a text string (section 7.9.2.2): in ASCII, or in UTF-16 with a mark."""
    raw = value.encode("ascii") if value.isascii() else b"\xfe\xff" + value.encode("utf-16-be", "replace")
    return b"(" + _escaped(raw) + b")"


def _escaped(raw: bytes) -> bytes:
    for char in (b"\\", b"(", b")"):
        raw = raw.replace(char, b"\\" + char)
    return raw.replace(b"\r", b"\\r").replace(b"\n", b"\\n")


def _stream(data: bytes, entries: str = "") -> bytes:
    return f"<< {entries}/Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _xmp(information: Mapping[str, str], archive: str, *, tagged: bool) -> str:
    part = f"<pdfaid:part>{archive[6]}</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" if archive else ""
    part += "<pdfuaid:part>1</pdfuaid:part>" if tagged else ""
    title = escape(information.get("Title", ""))
    # The marks around a packet are required (ISO 16684-1 section 7.1).
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" '
        f'xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}'
        f"</rdf:li></rdf:Alt></dc:title>{part}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def _file(objects: Sequence[bytes]) -> bytes:
    """Return a file with these objects, numbered from 1: the first is the catalog, the fourth the information."""
    parts, places, at = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"], [], 15
    for number, data in enumerate(objects, 1):
        places.append(at)
        parts.append(f"{number} 0 obj\n".encode() + data + b"\nendobj\n")
        at += len(parts[-1])
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    end = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R /Info 4 0 R >>\n"
    return b"".join([*parts, f"{end}startxref\n{at}\n%%EOF\n".encode()])
