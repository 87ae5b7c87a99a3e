"""Uploads: the same for any split into chunks, and refused with the same message if the body is malformed."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.media.reader import probe
from mockserver.wire.body import MAX_DRAINED
from mockserver.wire.multipart import MAX_FIELD_BYTES, MAX_PARTS, Upload, read_upload
from mockserver.wire.request import Disconnected
from tests.pieces import Pieces, post

BOUNDARY = "----x7MA4YWxk"
HEADERS = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
MP4 = video(1_500, Seeded(1)).data


def part(name: str | None, content: bytes = b"", filename: str | None = None, *more: str) -> bytes:
    names = "".join(f'; {k}="{v}"' for k, v in (("name", name), ("filename", filename)) if v is not None)
    headers = [f"Content-Disposition: form-data{names}", *more]
    return f"--{BOUNDARY}\r\n".encode() + "".join(f"{h}\r\n" for h in headers).encode() + b"\r\n" + content + b"\r\n"


def body(*parts: bytes, end: bytes = f"--{BOUNDARY}--\r\n".encode()) -> bytes:
    return b"".join(parts) + end


def split(data: bytes, *cuts: int) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


async def read(data: bytes | Pieces, largest: int | None = None, headers: dict[str, str] = HEADERS) -> Upload:
    client = data if isinstance(data, Pieces) else Pieces([data])
    return await read_upload(post(headers), client, largest)  # type: ignore[arg-type]


async def refusal_of(data: bytes | Pieces, largest: int | None = None, headers: dict[str, str] = HEADERS) -> Refusal:
    """Read an upload that must be refused, and return the refusal."""
    with pytest.raises(Refusal) as caught:
        await read(data, largest, headers)
    return caught.value


WHOLE = body(
    part("platform", b"midjourney"),
    part("note", "é😀\r\n--not the boundary\r\n".encode()),
    part("video", MP4, "My Film.mp4", "Content-Type: video/mp4"),
    part("empty"),
)

# --- accepted uploads ---


async def test_an_upload_has_fields_and_files() -> None:
    upload = await read(WHOLE)
    assert upload.fields == {"platform": "midjourney", "note": "é😀\r\n--not the boundary\r\n", "empty": ""}
    assert upload.files == {"video": probe(MP4)}
    assert upload.names == {"video": "My Film.mp4"}


@given(st.lists(st.integers(0, 10**6), max_size=8))
async def test_any_chunking_gives_the_same_upload(cuts: list[int]) -> None:
    assert await read(Pieces(split(WHOLE, *cuts))) == await read(WHOLE)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 17, 64])
async def test_chunks_of_any_size_give_the_same_upload(size: int) -> None:
    data = body(
        part("note", b"\r\n-\r\n--\r\n" + f"\r\n--{BOUNDARY}"[:-1].encode()), part("video", b"\r\n" * 50, "a.mp4")
    )
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    assert await read(Pieces(chunks)) == await read(data)
    assert (await read(data)).files["video"].size == 100


async def test_others_get_a_turn_while_a_large_piece_is_read() -> None:
    boxes = MP4 + b"\0\0\0\x08free" * 100_000
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await let_others_run()
            turns += 1

    counting = asyncio.create_task(count())
    client = Pieces([body(part("video", boxes, "a.mp4"))])
    upload = await read_upload(post(HEADERS), client, None)  # type: ignore[arg-type]
    counting.cancel()
    assert upload.files["video"].size == len(boxes)
    assert turns >= len(boxes) // 65_536 - 1


texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\\;'), min_size=1, max_size=8)
contents = st.binary(max_size=40) | st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--" + BOUNDARY[:5].encode(), b"x"])
).map(b"".join)


@given(
    st.dictionaries(texts, st.text(max_size=20) | contents, max_size=5),
    st.lists(st.integers(0, 10**6), max_size=6),
    st.sampled_from([b"", b"\r\n", b"\r\nan epilogue that is not read"]),
)
async def test_any_fields_and_files_are_read_as_they_were_sent(
    parts: dict[str, str | bytes], cuts: list[int], epilogue: bytes
) -> None:
    data = body(
        *(part(n, c.encode()) if isinstance(c, str) else part(n, c, f"{n}.mp4") for n, c in parts.items()),
        end=f"--{BOUNDARY}--".encode() + epilogue,
    )
    upload = await read(Pieces(split(data, *cuts)))
    assert upload.fields == {n: c for n, c in parts.items() if isinstance(c, str)}
    assert upload.files == {n: probe(c) for n, c in parts.items() if isinstance(c, bytes)}
    assert upload.names == {n: f"{n}.mp4" for n, c in parts.items() if isinstance(c, bytes)}


async def test_a_body_without_parts_is_an_empty_upload() -> None:
    assert await read(body()) == Upload()


async def test_the_last_of_several_parts_with_the_same_name_is_used() -> None:
    assert (await read(body(part("a", b"1"), part("a", b"2")))).fields == {"a": "2"}


@pytest.mark.parametrize("filename", ["", "a", "../../etc/passwd", "C:\\films\\a.mp4", "ü.mp4"])
async def test_a_part_with_any_file_name_is_a_file(filename: str) -> None:
    upload = await read(body(part("video", b"data", filename)))
    assert (upload.files["video"].size, upload.fields) == (4, {})


async def test_a_long_file_name_is_cut() -> None:
    assert (await read(body(part("video", b"", "a" * 1_000)))).names == {"video": "a" * 255}


async def test_headers_of_parts_are_case_insensitive() -> None:
    head = f'--{BOUNDARY}\r\ncontent-DISPOSITION:   Form-Data; NAME="a"\r\nX-Other: y\r\n\r\n'.encode()
    assert (await read(body(head + b"1\r\n"))).fields == {"a": "1"}


@pytest.mark.parametrize(
    "kind",
    [
        f"Multipart/Form-Data; boundary={BOUNDARY}",
        f'multipart/form-data; charset=utf-8; boundary="{BOUNDARY}"',
        f"multipart/form-data;boundary={BOUNDARY}",
    ],
)
async def test_the_content_type_may_be_written_in_many_ways(kind: str) -> None:
    assert (await read(body(part("a", b"1")), headers={"content-type": kind})).fields == {"a": "1"}


# --- refused uploads ---


@pytest.mark.parametrize("kind", [None, "", "application/json", "multipart/mixed; boundary=x", "multipart"])
async def test_another_content_type_is_not_supported(kind: str | None) -> None:
    client = Pieces([b"a" * 100, b"b" * 100])
    refusal = await refusal_of(client, headers={} if kind is None else {"content-type": kind})
    assert str(refusal) == "unsupported_media_type: Content-Type must be multipart/form-data"
    assert client.left == []


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 71}"]
)
async def test_a_content_type_without_a_usable_boundary_is_refused(kind: str) -> None:
    refusal = await refusal_of(body(), headers={"content-type": kind})
    assert (refusal.kind, refusal.message) == (
        "invalid_request",
        "The multipart Content-Type has no usable boundary",
    )


MALFORMED = "The multipart body is malformed"
CUT_OFF = "The multipart body ends before its last boundary"
NOT_UTF8 = "A field of the multipart body is not UTF-8"
NO_NAME = "A part of the multipart body has no name"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", CUT_OFF, id="an empty body"),
        pytest.param(b"{}", MALFORMED, id="JSON"),
        pytest.param(body(part("a", b"1"), end=b""), CUT_OFF, id="no last boundary"),
        pytest.param(body(part("a", b"1"), end=f"--{BOUNDARY}-".encode()), CUT_OFF, id="half a last boundary"),
        pytest.param(body(part("a", b"1"), end=f"--{BOUNDARY}\r\n".encode()), CUT_OFF, id="an open part"),
        pytest.param(part("a", b"1")[:30], CUT_OFF, id="in the middle of a header"),
        pytest.param(body(part("a", b"1")).replace(BOUNDARY.encode(), b"other"), MALFORMED, id="another boundary"),
        pytest.param(f"--{BOUNDARY}\r\nno colon\r\n\r\n".encode(), MALFORMED, id="a header without a colon"),
        pytest.param(f"--{BOUNDARY}\r\n: x\r\n\r\n".encode(), MALFORMED, id="a header without a name"),
        pytest.param(f"--{BOUNDARY}\r\na: x\rb\r\n\r\n".encode(), MALFORMED, id="a lone carriage return"),
        pytest.param(f"--{BOUNDARY}x\r\n".encode(), MALFORMED, id="more after a boundary"),
        pytest.param(body(part("a", b"1", None, "X-Long: " + "x" * 5_000)), MALFORMED, id="a long header"),
        pytest.param(body(part("a", b"1", None, "x" * 5_000 + ": y")), MALFORMED, id="a long header name"),
        pytest.param(body(part("a", b"1", None, *[f"X-{n}: y" for n in range(20)])), MALFORMED, id="many headers"),
        pytest.param(body(part("a", b"\xff")), NOT_UTF8, id="a field that is not UTF-8"),
        pytest.param(body(part("a", b"\xed\xa0\x80")), NOT_UTF8, id="a lone surrogate"),
        pytest.param(body(part("a").replace(b'"a"', b'"\xff"')), NOT_UTF8, id="a name that is not UTF-8"),
        pytest.param(
            body(part("a", b"", "f").replace(b'"f"', b'"\xff"')), NOT_UTF8, id="a file name that is not UTF-8"
        ),
        pytest.param(body(part(None, b"1")), NO_NAME, id="no name"),
        pytest.param(body(part(None, b"1", "a.mp4")), NO_NAME, id="only a file name"),
        pytest.param(body(f"--{BOUNDARY}\r\n\r\n1\r\n".encode()), NO_NAME, id="no headers"),
        pytest.param(
            body(part("a", b"x" * (MAX_FIELD_BYTES + 1))),
            "The field 'a' is too long",
            id="a field of one byte too many",
        ),
        pytest.param(
            body(*[part(f"f{n}") for n in range(MAX_PARTS + 1)]),
            f"The multipart body has more than {MAX_PARTS} parts",
            id="one part too many",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 1_000_000], ids=["bytewise", "whole"])
async def test_a_body_that_is_not_well_formed_is_refused(data: bytes, message: str, size: int) -> None:
    client = Pieces([data[i : i + size] for i in range(0, len(data), size)])
    refusal = await refusal_of(client)
    assert (refusal.kind, refusal.message) == ("invalid_request", message)
    assert client.left == []


async def test_uploads_at_the_limits_are_accepted() -> None:
    assert len((await read(body(part("a", b"x" * MAX_FIELD_BYTES)))).fields["a"]) == MAX_FIELD_BYTES
    assert len((await read(body(*[part(f"f{n}") for n in range(MAX_PARTS)]))).fields) == MAX_PARTS
    assert (await read(body(part("video", b"x" * 100, "a")), largest=100)).files["video"].size == 100


async def test_a_file_that_is_too_large_is_refused_before_it_is_complete() -> None:
    data = body(part("video", b"x" * 101, "a"))
    refusal = await refusal_of(data, largest=100)
    assert (refusal.kind, refusal.message) == ("too_large", "The file is larger than 100 bytes")
    endless = Pieces([part("video", b"x" * 100, "a")[:-2], *[b"x" * 1_048_576] * 20])
    assert (await refusal_of(endless, largest=100)).kind == "too_large"
    assert len(endless.left) == 20 - 1 - MAX_DRAINED // 1_048_576


async def test_the_limit_of_files_does_not_apply_to_fields() -> None:
    assert (await read(body(part("a", b"x" * 101)), largest=100)).fields == {"a": "x" * 101}


@pytest.mark.parametrize("sent", [0, 10, 100, len(WHOLE)])
async def test_an_upload_that_is_cut_off_raises_disconnected(sent: int) -> None:
    with pytest.raises(Disconnected):
        await read(Pieces([WHOLE[:sent]], complete=False))


# --- arbitrary bytes ---

tokens = st.sampled_from(
    [
        f"--{BOUNDARY}\r\n".encode(),
        f"--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}".encode(),
        b'Content-Disposition: form-data; name="a"\r\n',
        b'Content-Disposition: form-data; name="v"; filename="f"\r\n',
        b"\r\n",
        b"\r",
        b"\n",
        b"-",
        b": ",
        b"x",
        b"\xff",
        b'"',
    ]
)


@given(st.lists(tokens, max_size=15).map(b"".join), st.lists(st.integers(0, 10**6), max_size=6))
async def test_any_bytes_are_an_upload_or_refused_with_a_known_message(data: bytes, cuts: list[int]) -> None:
    result = await read_or_message(Pieces(split(data, *cuts)))
    if isinstance(result, Upload):
        assert set(result.names) == set(result.files)
    else:
        assert result in (MALFORMED, CUT_OFF, NOT_UTF8, NO_NAME)


async def read_or_message(client: Pieces) -> Upload | str:
    """Return the upload, or the message of the refusal."""
    try:
        return await read(client)
    except Refusal as refusal:
        return refusal.message
