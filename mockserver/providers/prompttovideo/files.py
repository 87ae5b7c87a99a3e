"""The files of completed videos: links that work on this server, and the files themselves."""

from typing import Any

from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.providers.prompttovideo import figures
from mockserver.wire.exchange import Exchange
from mockserver.wire.ranges import File, file_reply

_VIDEO, _THUMBNAIL = ".mp4", ".png"


def operations() -> tuple[Operation, ...]:
    """Return the operations for both kinds of files. They need no token and count against no quota."""
    return (
        Operation(
            "video_file", "GET", "/storage/videos/{name}", video_file, "Download a video",
            {200: Documented("The video", content_type="video/mp4")}, public=True, hidden=True,
            ledger_rows=("rule.resolution",),
        ),
        Operation(
            "thumbnail_file", "GET", "/storage/thumbnails/{name}", thumbnail_file, "Download a thumbnail",
            {200: Documented("The thumbnail", content_type="image/png")}, public=True, hidden=True,
        ),
    )  # fmt: skip


def new_token(exchange: Exchange, video_id: str) -> str:
    """Return the name of a video's files: its id, and a part that cannot be guessed.

    The job keeps it, so that a link still works if the sandbox gets another scenario or seed.
    """
    return f"{video_id}-{exchange.seeded.hexadecimal(24, 'file', exchange.mark, video_id)}"


def links(exchange: Exchange, job: Job) -> dict[str, Any]:
    """Return the links of a completed video, as this client reaches the server, and its duration in seconds."""
    token = job.facts["token"]
    return {
        "video_url": f"{exchange.origin}/storage/videos/{token}{_VIDEO}",
        "duration": job.facts["duration"],
        "thumbnail_url": f"{exchange.origin}/storage/thumbnails/{token}{_THUMBNAIL}",
    }


async def video_file(exchange: Exchange) -> Reply:
    """GET /storage/videos/{name}: an MP4 file of the stated duration and resolution, or a range of it."""
    from mockserver.media.maker import video

    job = await _completed(exchange, _VIDEO)
    file = video(job.facts["duration"] * 1000, _seed(job), figures.height(job.request["quality"]))
    return file_reply(File(file.data, "video/mp4"), exchange.request.method, exchange.request.headers)._replace(
        job=job.id
    )


async def thumbnail_file(exchange: Exchange) -> Reply:
    """GET /storage/thumbnails/{name}: a PNG file, a picture of the video."""
    from mockserver.media.picture import thumbnail

    job = await _completed(exchange, _THUMBNAIL)
    return file_reply(
        File(thumbnail(_seed(job)), "image/png"), exchange.request.method, exchange.request.headers
    )._replace(job=job.id)


async def _completed(exchange: Exchange, suffix: str) -> Job:
    """Return the completed video of a file name. Raises Refusal `not_found`."""
    name = exchange.path["name"]
    token = name.removesuffix(suffix)
    jobs = await exchange.sandbox.store.find_jobs(token.partition("-")[0]) if token != name else ()
    for job in jobs:
        ours = job.provider == exchange.provider.name and job.facts["token"] == token
        if ours and job.at(exchange.now).status == "succeeded":
            return job
    raise Refusal("not_found", "No such file")


def _seed(job: Job) -> Seeded:
    return Seeded("prompttovideo", job.facts["token"])
