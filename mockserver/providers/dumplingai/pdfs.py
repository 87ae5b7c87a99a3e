"""PDF files: /api/v1/convert-to-pdf, /merge-pdfs, /read-pdf-metadata and /write-pdf-metadata."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from mockserver.kit.models import Body
from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.answers import document
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.inputs import (
    FEW,
    Input,
    WithFiles,
    by_method,
    look_at,
    look_at_each,
    rows_of,
)
from mockserver.providers.dumplingai.rendering import bounded
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_READ, _PER_STEP, _STEP = 10, 50, 100 * 1_048_576
_MAKER = "DumplingAI"
Name = Annotated[str | None, Field(max_length=500)]


class Metadata(Body):
    """What a PDF says about itself."""

    model_config = ConfigDict(populate_by_name=False)

    title: Name = Field(default=None, alias="Title")
    author: Name = Field(default=None, alias="Author")
    subject: Name = Field(default=None, alias="Subject")
    keywords: Name = Field(default=None, alias="Keywords")


class MoreMetadata(Metadata):
    """What a PDF says about itself and the program that made it."""

    creator: Name = Field(default=None, alias="Creator")
    producer: Name = Field(default=None, alias="Producer")


class ConvertToPdf(WithFiles):
    """A document."""

    model_config = ConfigDict(json_schema_extra=by_method("file"))

    file: str


class MergePdfs(WithFiles):
    """Documents, and what the merged one says about itself."""

    model_config = ConfigDict(json_schema_extra=by_method("files"))

    files: Annotated[list[str], Field(min_length=2, max_length=FEW)]
    metadata: Metadata = Metadata()
    archive: Literal["PDF/A-1b", "PDF/A-2b", "PDF/A-3b"] | None = Field(default=None, alias="pdfa")
    tagged: bool = Field(default=False, alias="pdfua")


class ReadPdfMetadata(WithFiles):
    """Documents."""

    model_config = ConfigDict(json_schema_extra=by_method("files"))

    files: Annotated[list[str], Field(min_length=1, max_length=FEW)]


class WritePdfMetadata(ReadPdfMetadata):
    """Documents, and what they are to say about themselves."""

    metadata: MoreMetadata


async def convert_to_pdf(exchange: Exchange, body: ConvertToPdf) -> Task:
    """Return the link to a document as a PDF."""
    file = await look_at(body.input_method, body.file, "file")
    url = await files.link(exchange, "pdf", _content(exchange, [file], {}))
    return Task(_cost([file]), {"url": url}, file.rows)


async def merge_pdfs(exchange: Exchange, body: MergePdfs) -> Task:
    """Return the link to a PDF with the pages of all documents."""
    inputs = await look_at_each(body.input_method, body.files, "files")
    content = _content(exchange, inputs, body.metadata.model_dump(by_alias=True, exclude_none=True))
    url = await files.link(exchange, "pdf", {**content, "archive": body.archive, "tagged": body.tagged})
    rows = ("rule.pdf_archive",) if body.archive or body.tagged else ()
    return Task(_cost(inputs), {"url": url}, (*rows_of(inputs), *rows))


async def read_pdf_metadata(exchange: Exchange, body: ReadPdfMetadata) -> Task:
    """Return what documents say about themselves."""
    inputs = await look_at_each(body.input_method, body.files, "files")
    metadata = [_information(exchange, each) for each in inputs]
    many = {_name(each, n): information for n, (each, information) in enumerate(zip(inputs, metadata, strict=True), 1)}
    return Task(_READ, {"metadata": metadata[0] if len(metadata) == 1 else many}, rows_of(inputs))


async def write_pdf_metadata(exchange: Exchange, body: WritePdfMetadata) -> Task:
    """Return the link to the document with the new information, or to a ZIP file of several documents."""
    inputs = await look_at_each(body.input_method, body.files, "files")
    new = body.metadata.model_dump(by_alias=True, exclude_none=True)
    contents = {_name(each, n): _content(exchange, [each], new) for n, each in enumerate(inputs, 1)}
    if len(contents) == 1:
        url = await files.link(exchange, "pdf", next(iter(contents.values())))
    else:
        url = await files.link(exchange, "zip", {"files": contents})
    return Task(_cost(inputs), {"url": url}, rows_of(inputs))


def _content(exchange: Exchange, inputs: list[Input], metadata: dict[str, str]) -> dict[str, Any]:
    """Return what is needed to make a PDF with the pages of these files."""
    pages = [page for each in inputs for page in document(exchange, each).pages]
    information = {**_information(exchange, inputs[0]), **metadata}
    return {"pages": bounded(pages), "metadata": information}


def _information(exchange: Exchange, file: Input) -> dict[str, str]:
    own: dict[str, str] = {}
    if file.data is not None:
        from mockserver.media.texts import read

        own = {name: value[:500] for name, value in read(file.data).information.items()}
    about = document(exchange, file)
    day = exchange.seeded.integer(1, 28, "dumplingai", "pdf", file.mark)
    made = {
        "Title": about.title, "Author": about.author, "Creator": _MAKER, "Producer": _MAKER,
        "CreationDate": f"D:202504{day:02}090000Z", "ModDate": f"D:202505{day:02}100000Z",
    }  # fmt: skip
    return {**{name: value for name, value in made.items() if value}, **own}


def _cost(inputs: list[Input]) -> int:
    """Return the cost in credits. The size of a file by URL is not known: it counts as less than 100 MB."""
    size = sum(len(each.data) for each in inputs if each.data is not None)
    return max(1, -(-size // _STEP)) * _PER_STEP


def _name(file: Input, number: int) -> str:
    last = file.url.partition("?")[0].rstrip("/").rpartition("/")[2] if file.url else ""
    plain = "".join(c for c in last if c.isalnum() or c in "-_.")[:60].removesuffix(".pdf")
    return f"{number}-{plain or 'document'}.pdf"


_A, _B = "https://example.com/files/minutes.pdf", "https://example.com/files/budget.pdf"

OPERATIONS = (
    v1("convert_to_pdf", convert_to_pdf, ConvertToPdf),
    v1("merge_pdfs", merge_pdfs, MergePdfs),
    v1("read_pdf_metadata", read_pdf_metadata, ReadPdfMetadata),
    v1("write_pdf_metadata", write_pdf_metadata, WritePdfMetadata),
)
