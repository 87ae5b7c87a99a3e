"""Documents and pictures: what is read from them, and PDF files that are made of them."""

import base64
import io
import json
from zipfile import ZipFile

import pytest

from mockserver.media.pdf import pdf
from mockserver.media.texts import read
from tests.conversation import Conversation
from tests.dumplingai_family import error, ok
from tests.test_dumplingai_files import download

INVOICE = "Invoice 2291\n\nDate: 2025-03-04\n\nTotal due is $1,204.50 for the boats. Please pay within 30 days."


def sent(*files: bytes) -> list[str]:
    """Return files in Base64."""
    return [base64.b64encode(each).decode() for each in files]


def docx(text: str) -> bytes:
    """Return a minimal DOCX file."""
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in text.split("\n"))
        archive.writestr("word/document.xml", f"<w:document><w:body>{paragraphs}</w:body></w:document>")
    return packed.getvalue()


async def test_answers_are_about_the_text_of_the_document() -> None:
    fields = '{"title": "", "date": "", "price": 0}'
    wanted = {"title": "Invoice 2291", "date": "2025-03-04", "price": 1204.5}
    async with Conversation() as t:
        for file in (INVOICE.encode(), docx(INVOICE), pdf([INVOICE], {})):
            body = {"inputMethod": "base64", "files": sent(file), "prompt": f"Return {fields}", "jsonMode": True}
            reply = await ok(t, "extract_document", body)
            assert json.loads(reply["results"]) == wanted
            assert (reply["pages"], reply["fileCount"], reply["creditUsage"]) == (1, 1, 110)


async def test_the_price_depends_on_the_pages_of_all_documents() -> None:
    async with Conversation() as t:
        three, two = pdf(["one", "two", "three"], {}), pdf(["one", "two"], {})
        body = {"inputMethod": "base64", "files": sent(three, two), "prompt": "Summarize."}
        reply = await ok(t, "extract_document", body)
        assert (reply["pages"], reply["fileCount"], reply["creditUsage"]) == (5, 2, 150)


async def test_the_text_of_a_document_by_url_is_that_of_its_answers() -> None:
    async with Conversation() as t:
        text = (await ok(t, "doc_to_text", pages=""))["text"]
        asked = await ok(t, "extract_document", prompt='Return {"title": "", "author": ""}', jsonMode=True)
        facts = json.loads(asked["results"])
        assert text.startswith(facts["title"])
        assert facts["author"] in text
        assert f"Page 1 of {asked['pages']}" in text


@pytest.mark.parametrize(
    ("pages", "expected"),
    [("", "1 2 3 4"), ("2", "2"), ("1, 3-4", "1 3 4"), ("!1", "4"), ("!2-!1", "3 4"), ("3 - 9, 1", "3 4 1"), ("7", "")],
)
async def test_the_choice_of_pages(pages: str, expected: str) -> None:
    async with Conversation() as t:
        (file,) = sent(pdf(["1", "2", "3", "4"], {}))
        reply = await ok(t, "doc_to_text", {"inputMethod": "base64", "file": file, "pages": pages})
        assert reply["text"].split() == expected.split()


async def test_a_wrong_choice_of_pages() -> None:
    async with Conversation() as t:
        for pages in ("one", "0", "1-", "!"):
            assert (await error(t, "doc_to_text", 400, pages=pages)).startswith("pages: ")


async def test_a_picture_has_no_text() -> None:
    async with Conversation() as t:
        body = {"inputMethod": "base64", "file": sent(b"\x89PNG\r\n\x1a\n....")[0]}
        assert await error(t, "doc_to_text", 400, body) == "Unsupported file type. Supported: PDF, DOCX"


async def test_pictures_are_described_as_pictures() -> None:
    async with Conversation() as t:
        one = await ok(t, "extract_image", images=["https://example.com/beach-lighthouse.jpg"])
        assert "beach" in one["results"]
        assert "video" not in one["results"].lower()
        assert "00:00" not in one["results"]
        two = await ok(
            t, "extract_image", images=["https://example.com/a.jpg", "https://example.com/b.jpg"], jsonMode=True
        )
        assert len(json.loads(two["results"])) == 2
        assert (two["imageCount"], two["creditUsage"]) == (2, 120)


async def test_the_image_of_the_mcp_server() -> None:
    one = {"inputMethod": "url", "image": "https://example.com/a.jpg", "prompt": "What is this?"}
    async with Conversation() as t:
        assert await error(t, "extract_image", 400, one) == "images is required"
    async with Conversation({"extends": "dumplingai-single-image"}) as t:
        assert await ok(t, "extract_image", one) == await ok(t, "extract_image", {**one, "images": [one["image"]]})


async def test_merged_pdfs() -> None:
    async with Conversation() as t:
        first, second = (
            pdf(["one", "two"], {"Title": "First", "Author": "Vera Novak"}),
            pdf(["three"], {"Title": "Second"}),
        )
        body = {
            "inputMethod": "base64",
            "files": sent(first, second),
            "metadata": {"Title": "Both"},
            "pdfa": "PDF/A-3b",
        }
        data = (await download(t, (await ok(t, "merge_pdfs", body))["url"])).content
        merged = read(data)
        assert [page.strip() for page in merged.pages] == ["one", "two", "three"]
        assert (merged.information["Title"], merged.information["Author"]) == ("Both", "Vera Novak")
        assert b"<pdfaid:part>3</pdfaid:part>" in data
        assert "2 items" in await error(t, "merge_pdfs", 400, {**body, "files": sent(first)})


async def test_metadata_are_written_and_read() -> None:
    async with Conversation() as t:
        wanted = {"Title": "Märzprotokoll", "Author": "Vera Novak", "Keywords": "a, (b)"}
        reply = await ok(t, "write_pdf_metadata", metadata=wanted)
        data = (await download(t, reply["url"])).content
        again = await ok(t, "read_pdf_metadata", {"inputMethod": "base64", "files": sent(data)})
        assert wanted.items() <= again["metadata"].items()
        assert again["metadata"]["Producer"] == "DumplingAI"
        several = await ok(t, "read_pdf_metadata", files=["https://example.com/a.pdf", "https://example.com/b.pdf"])
        assert list(several["metadata"]) == ["1-a.pdf", "2-b.pdf"]


async def test_a_converted_document_has_its_text() -> None:
    async with Conversation() as t:
        reply = await ok(t, "convert_to_pdf", {"inputMethod": "base64", "file": sent(docx("Hello\nworld"))[0]})
        assert "Hello\nworld" in read((await download(t, reply["url"])).content).pages[0]


async def test_the_price_of_pdfs() -> None:
    from mockserver.providers.dumplingai.inputs import Input
    from mockserver.providers.dumplingai.pdfs import _cost

    class Large(bytes):
        def __len__(self) -> int:
            return 100 * 1_048_576 + 1

    assert _cost([Input("a", "https://example.com/")]) == 50
    assert _cost([Input("a", "", Large())]) == 100


async def test_what_is_no_file() -> None:
    async with Conversation() as t:
        assert (await error(t, "extract_image", 400, images=["harbour.jpg"])).startswith("images must be a public")
        body = {"inputMethod": "base64", "files": ["data:application/pdf;base64,AAAA"], "prompt": "?"}
        assert "without the data: prefix" in await error(t, "extract_document", 400, body)
        assert "Unsupported audio format: mid" in await error(
            t, "extract_audio", 400, audio="https://example.com/a.mid"
        )


async def test_recordings_are_heard_and_not_seen() -> None:
    async with Conversation() as t:
        reply = (await ok(t, "extract_audio", prompt="What is this about? What is said?"))["results"]
        assert not any(word in reply.lower() for word in ("video", "camera", "palette"))
        colors = await ok(t, "extract_audio", prompt='Return {"colors": [], "speaker": ""}', jsonMode=True)
        facts = json.loads(colors["results"])
        assert not facts["colors"]
        assert facts["speaker"]


async def test_the_length_of_a_recording_is_read_from_it() -> None:
    wave = (
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0" + (8_000).to_bytes(4, "little") * 2 + b"\x01\0\x08\0data\0\0\0\0"
    )
    async with Conversation() as t:
        body = {"inputMethod": "base64", "audio": sent(wave + bytes(8_000 * 61))[0], "prompt": "Summarize."}
        reply = await ok(t, "extract_audio", body)
        assert (reply["audioDuration"], reply["creditUsage"]) == (61, 140)
        formats = (await t.get("/dumplingai/api/v1/extract-audio")).json()
        assert formats == {"supportedFormats": ["wav", "mp3", "aiff", "aac", "ogg", "flac"]}
