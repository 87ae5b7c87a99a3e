"""Answers to prompts about files: the same file gets answers that agree."""

from typing import TYPE_CHECKING

from mockserver.providers.dumplingai.inputs import Input
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.web.documents import Document


def answered(exchange: Exchange, kind: str, file: Input, prompt: str, seconds: float, *, as_json: bool) -> str:
    """Return the answer to a prompt about what is seen or heard in a file."""
    from mockserver.content.extraction.answers import answer
    from mockserver.content.web.images import ImageFacts
    from mockserver.content.web.recordings import AudioFacts

    # A video, its sound and its pictures are about the same.
    seeded = exchange.seeded.child("dumplingai", "video", file.mark)
    return answer(seeded, prompt, file.url, seconds, as_json, ImageFacts if kind == "image" else AudioFacts).text


def answered_about(exchange: Exchange, documents: "list[Document]", prompt: str, *, as_json: bool) -> str:
    """Return the answer to a prompt about documents."""
    from mockserver.content.extraction.answers import answer
    from mockserver.content.web.documents import DocumentFacts

    seeded = exchange.seeded.child("dumplingai", "documents")
    return answer(seeded, prompt, "", 0, as_json, lambda *given: DocumentFacts(documents, *given)).text


def document(exchange: Exchange, file: Input) -> "Document":
    """Return the document in a file: its own text if it could be read, or one that its URL or content decides."""
    from mockserver.content.web.documents import document_from, document_of, page_count
    from mockserver.content.web.pages import page_of

    seeded = exchange.seeded.child("dumplingai", "document", file.mark)
    if file.data is not None:
        from mockserver.media.texts import read

        reading = read(file.data)
        if any(page.strip() for page in reading.pages):
            information = reading.information
            return document_from(seeded, reading.pages, information.get("Title", ""), information.get("Author", ""))
        count = len(reading.pages) or page_count(exchange.seeded, file.mark)
        return document_of(page_of(exchange.seeded, f"https://files.example/documents/document-{file.mark[:6]}"), count)
    return document_of(page_of(exchange.seeded, file.url), page_count(exchange.seeded, file.url))
