"""Reads the text of documents: PDF files with plain text, DOCX files, and text files."""

import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple

from mockserver.media.pdf import INFORMATION

# Bounds: bytes that are unpacked from one file, pages, and characters of a page.
_UNPACKED, _PAGES, _PAGE = 2_097_152, 500, 20_000
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_SHOWN = re.compile(rb"\((?:\\.|[^\\()])*\)|(?<![A-Za-z])T[dDm*](?![A-Za-z])|'")
_PAGE_OBJECT = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_ENTRY = re.compile(rb"/([A-Za-z]+)\s*\(((?:\\.|[^\\()])*)\)")
_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3})")
_PARAGRAPH = re.compile(r"</w:p>")
_TAG = re.compile(r"<[^>]+>")


class Reading(NamedTuple):
    """What was read of a document: the text of its pages, and its information by name. No pages: it was not read."""

    pages: tuple[str, ...] = ()
    information: Mapping[str, str] = MappingProxyType({})


def read(data: bytes) -> Reading:
    """Return the text of a document. A PDF whose text could not be read has empty pages."""
    if data.startswith(b"%PDF-"):
        return _pdf(data)
    if data.startswith(b"PK\x03\x04"):
        return _docx(data)
    try:
        text = data[:_UNPACKED].decode("utf-8")
    except UnicodeDecodeError:
        return Reading()
    return Reading(tuple(text[at : at + _PAGE] for at in range(0, min(len(text), _PAGE * _PAGES), _PAGE)))


def _pdf(data: bytes) -> Reading:
    streams = _streams(data)
    texts = [text for stream in streams if (text := _text(stream))]
    everything = b"\n".join([data[:_UNPACKED], *streams])
    count = max(1, min(_PAGES, len(_PAGE_OBJECT.findall(everything))))
    pages = [*texts[:count], *[""] * (count - len(texts))]
    entries = {name.decode(): _string(value) for name, value in _ENTRY.findall(everything)}
    return Reading(tuple(pages), {name: entries[name] for name in INFORMATION if name in entries})


def _streams(data: bytes) -> list[bytes]:
    """Return the streams of a PDF, unpacked where they are packed by zlib."""
    found, left = [], _UNPACKED
    for start in _STREAM.finditer(data):
        end = data.find(b"endstream", start.end())
        if end < 0:
            break
        raw = data[start.end() : end]
        try:
            raw = zlib.decompressobj().decompress(raw, left)
        except zlib.error:
            raw = raw[:left]
        found.append(raw)
        left -= len(raw)
        if left <= 0 or len(found) >= 4 * _PAGES:
            break
    return found


def _text(stream: bytes) -> str:
    """Return the text that a content stream shows, with a line break where it moves to another line."""
    if b"BT" not in stream or b"Tj" not in stream.replace(b"TJ", b"Tj"):
        return ""
    parts = [_string(token[1:-1]) if token.startswith(b"(") else "\n" for token in _SHOWN.findall(stream)]
    return re.sub(r"\n{2,}", "\n", "".join(parts)).strip()[:_PAGE]


def _string(raw: bytes) -> str:
    names = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}
    plain = _ESCAPE.sub(lambda m: bytes([int(m[1], 8) & 255]) if m[1].isdigit() else names.get(m[1], m[1]), raw)
    return (
        plain[2:].decode("utf-16-be", "replace") if plain.startswith(b"\xfe\xff") else plain.decode("cp1252", "replace")
    )


def _docx(data: bytes) -> Reading:
    from html import unescape
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(BytesIO(data)) as archive, archive.open("word/document.xml") as part:
            xml = part.read(_UNPACKED).decode("utf-8", "replace")
    except (KeyError, BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError, zlib.error):
        return Reading()
    text = unescape(_TAG.sub("", _PARAGRAPH.sub("\n", xml))).strip()
    return Reading(tuple(text[at : at + _PAGE] for at in range(0, max(1, min(len(text), _PAGE * _PAGES)), _PAGE)))
