"""Read documents and images: /api/v1/extract-document, /extract-image and /doc-to-text."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from mockserver.core.faults import Refusal
from mockserver.providers.dumplingai.answers import answered, answered_about, document
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.inputs import (
    FEW,
    Prompt,
    WithFiles,
    by_method,
    look_at,
    look_at_each,
    rows_of,
)
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_BASE, _EACH, _TEXT = 100, 10, 20
# Pages of a document: numbers, ranges, and `!1` for the last one.
_CHOICE = r"^ *(!?[1-9][0-9]{0,3}( *- *!?[1-9][0-9]{0,3})?( *, *!?[1-9][0-9]{0,3}( *- *!?[1-9][0-9]{0,3})?){0,49})? *$"
Files = Annotated[list[str], Field(min_length=1, max_length=FEW, description="public URLs, or contents in Base64")]


class ExtractDocument(WithFiles):
    """Documents and a prompt."""

    model_config = ConfigDict(json_schema_extra=by_method("files"))

    files: Files
    prompt: Prompt
    json_mode: bool = Field(default=False, alias="jsonMode", description="true: `results` is a string of JSON")
    extension: str | None = Field(default=None, max_length=20, alias="fileExtension", description="of files in Base64")


class ExtractImage(WithFiles):
    """Images and a prompt."""

    model_config = ConfigDict(json_schema_extra=by_method("images"))

    images: Files
    prompt: Prompt
    json_mode: bool = Field(default=False, alias="jsonMode", description="true: `results` is a string of JSON")


class DocToText(WithFiles):
    """A document, and which pages of it are wanted."""

    model_config = ConfigDict(json_schema_extra=by_method("file"))

    file: str
    pages: str = Field(
        default="", max_length=400, pattern=_CHOICE, description="such as `1, 2-5`; `!1` is the last page"
    )


async def extract_document(exchange: Exchange, body: ExtractDocument) -> Task:
    """Return the answer to a prompt about documents."""
    inputs = await look_at_each(body.input_method, body.files, "files")
    documents = [document(exchange, each) for each in inputs]
    pages = sum(len(each.pages) for each in documents)
    credits = _BASE + _EACH * pages
    results = answered_about(exchange, documents, body.prompt, as_json=body.json_mode)
    reply = {
        "results": results, "prompt": body.prompt, "pages": pages, "fileCount": len(documents), "creditUsage": credits,
    }  # fmt: skip
    return Task(credits, reply, rows_of(inputs))


async def extract_image(exchange: Exchange, body: ExtractImage) -> Task:
    """Return the answer to a prompt about images: one after the other, if there are several."""
    inputs = await look_at_each(body.input_method, body.images, "images")
    credits = _BASE + _EACH * len(inputs)
    texts = [answered(exchange, "image", each, body.prompt, 0, as_json=body.json_mode) for each in inputs]
    if body.json_mode and len(texts) > 1:
        results = f"[{', '.join(texts)}]"
    else:
        results = texts[0] if len(texts) == 1 else "\n\n".join(f"Image {n}: {text}" for n, text in enumerate(texts, 1))
    reply = {"results": results, "prompt": body.prompt, "imageCount": len(inputs), "creditUsage": credits}
    rows = ("rule.single_image",) if isinstance(exchange.data, dict) and "image" in exchange.data else ()
    return Task(credits, reply, (*rows_of(inputs), *rows))


async def doc_to_text(exchange: Exchange, body: DocToText) -> Task:
    """Return the text of the chosen pages of a document."""
    from mockserver.content.web.documents import selected

    file = await look_at(body.input_method, body.file, "file")
    if file.data is not None and not file.data.startswith((b"%PDF-", b"PK\x03\x04")) and _is_media(file.data):
        raise Refusal("invalid_request", "Unsupported file type. Supported: PDF, DOCX", row="unsupported_document")
    pages = selected(document(exchange, file).pages, body.pages)
    return Task(_TEXT, {"text": "\n\n".join(pages)}, file.rows)


def with_single_image(data: Any) -> Any:
    """Return the body of a request that has one image in `image`, with it in `images`."""
    return {**{k: v for k, v in data.items() if k != "image"}, "images": [data["image"]]}


def _is_media(data: bytes) -> bool:
    from mockserver.media.containers import sniff

    return sniff(data) is not None or data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"))


_URL, _IMAGE = "https://example.com/files/annual-report.pdf", "https://example.com/images/harbour.jpg"

OPERATIONS = (
    v1("extract_document", extract_document, ExtractDocument),
    v1("extract_image", extract_image, ExtractImage),
    v1("doc_to_text", doc_to_text, DocToText),
)
