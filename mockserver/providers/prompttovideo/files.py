"""The files of completed videos: links that work on this server, and what they lead to."""

from typing import Any

from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.wire.exchange import Exchange
from mockserver.wire.ranges import File, file_reply

_VIDEO, _THUMBNAIL = ".mp4", ".png"


def operations() -> tuple[Operation, ...]:
    """The two kinds of file. As with the storage behind the real links, no token is needed and no call is counted."""
    return (
        Operation(
            "video_file", "GET", "/storage/videos/{name}", video_file, "Download a video",
            {200: Documented("The video", content_type="video/mp4")}, public=True, hidden=True,
        ),
        Operation(
            "thumbnail_file", "GET", "/storage/thumbnails/{name}", thumbnail_file, "Download a thumbnail",
            {200: Documented("The thumbnail", content_type="image/png")}, public=True, hidden=True,
        ),
    )  # fmt: skip


def new_token(exchange: Exchange, video_id: str) -> str:
    """The name of a video's files: its id, to find it by, and what nobody guesses.

    It is kept with the job, so that a link goes on working when the sandbox follows another scenario and seed.
    """
    return f"{video_id}-{exchange.seeded.hexadecimal(24, 'file', exchange.account.id, video_id)}"


def links(exchange: Exchange, job: Job) -> dict[str, Any]:
    """What a completed video has: its two links, as this client reaches the server, and its duration in seconds."""
    token = job.facts["token"]
    return {
        "video_url": f"{exchange.origin}/storage/videos/{token}{_VIDEO}",
        "duration": job.facts["duration"],
        "thumbnail_url": f"{exchange.origin}/storage/thumbnails/{token}{_THUMBNAIL}",
    }


async def video_file(exchange: Exchange) -> Reply:
    """GET /storage/videos/{name}: an MP4 of the stated duration, whole or in part."""
    from mockserver.media.maker import video

    job = await _completed(exchange, _VIDEO)
    made = video(job.facts["duration"] * 1000, _seed(job))
    return file_reply(File(made.data, "video/mp4"), exchange.request.method, exchange.request.headers)._replace(
        job=job.id
    )


async def thumbnail_file(exchange: Exchange) -> Reply:
    """GET /storage/thumbnails/{name}: a PNG in the colours of its video."""
    from mockserver.media.picture import thumbnail

    job = await _completed(exchange, _THUMBNAIL)
    return file_reply(
        File(thumbnail(_seed(job)), "image/png"), exchange.request.method, exchange.request.headers
    )._replace(job=job.id)


async def _completed(exchange: Exchange, suffix: str) -> Job:
    """The completed video that a file's name belongs to. Raises Refusal `not_found`."""
    name = exchange.path["name"]
    token = name.removesuffix(suffix)
    known = await exchange.sandbox.store.find_jobs(token.partition("-")[0]) if token != name else ()
    for job in known:
        ours = job.provider == exchange.provider.name and job.facts["token"] == token
        if ours and job.at(exchange.now).status == "succeeded":
            return job
    raise Refusal("not_found", "No such file")


def _seed(job: Job) -> Seeded:
    return Seeded("prompttovideo", job.facts["token"])
