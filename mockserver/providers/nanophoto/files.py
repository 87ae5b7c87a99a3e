"""The files of results: videos and images on hosts of their own, which lead to this server."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.wire.exchange import Exchange
from mockserver.wire.ranges import File, file_reply

VIDEO_HOST, IMAGE_HOST = "video.nanophoto.ai", "static.nanophoto.ai"
SORA, SEEDANCE, VEO, CLEAN, IMAGES = "sora", "seedance", "veo", "sora/watermark-remover", "generations"
STORYBOARD = "-storyboard"
_VIDEO, _IMAGE = ".mp4", ".jpg"

Facts = Mapping[str, Any]


def video(folder: str, seconds: int, lines: int, *, portrait: bool, sound: bool = True) -> Facts:
    """Return the facts of a job whose result is a video with that number of lines on its shorter side."""
    return {"folder": folder, "ms": seconds * 1000, "lines": lines, "portrait": portrait, "sound": sound}


def image(width: int, height: int) -> Facts:
    """Return the facts of a job whose result is an image of that size in pixels."""
    return {"folder": IMAGES, "width": width, "height": height}


def url(exchange: Exchange, job: Job) -> str:
    """Return the link of a job's result."""
    folder = job.facts["folder"]
    host, ending = (IMAGE_HOST, _IMAGE) if folder == IMAGES else (VIDEO_HOST, _VIDEO)
    return f"{_origin(exchange, host)}/{folder}/{job.id}{ending}"


def storyboard_url(exchange: Exchange, job: Job) -> str:
    """Return the link of a commercial's storyboard."""
    return f"{_origin(exchange, IMAGE_HOST)}/{IMAGES}/{job.id}{STORYBOARD}{_IMAGE}"


def _origin(exchange: Exchange, host: str) -> str:
    """Return the start of a link: with the provider's own host for a client that reached it by one of its hosts."""
    if exchange.addressed_by != "host" or exchange.policy.public_url:
        return exchange.origin
    asked = exchange.request.headers.get("host", "")
    return exchange.origin.replace(asked, host + asked[len(asked.partition(":")[0]) :], 1)


def operations() -> tuple[Operation, ...]:
    """Return the operations for the files. They need no key and count against no limit."""
    videos = (("sora_file", SORA), ("watermark_file", CLEAN), ("seedance_file", SEEDANCE), ("veo_file", VEO))
    return (
        *(
            Operation(
                name, "GET", f"/{folder}/{{name}}", partial(video_file, folder), "Download a video",
                {200: Documented("The video", content_type="video/mp4")}, public=True, hidden=True,
                ledger_rows=("rule.files",),
            )
            for name, folder in videos
        ),
        Operation(
            "image_file", "GET", f"/{IMAGES}/{{name}}", image_file, "Download an image",
            {200: Documented("The image", content_type="image/jpeg")}, public=True, hidden=True,
            ledger_rows=("rule.files",),
        ),
    )  # fmt: skip


async def video_file(folder: str, exchange: Exchange) -> Reply:
    """GET /sora/{name} and others: an MP4 file of the requested length, resolution and aspect, or a range of it."""
    from mockserver.media.maker import video as encoded

    job = await _job(exchange, folder, _VIDEO)
    if job.at(exchange.now).status != "succeeded":
        raise _no_file()
    facts = job.facts
    made = encoded(facts["ms"], _seed(job), facts["lines"], portrait=facts["portrait"], sound=facts["sound"])
    return _sent(exchange, job, File(made.data, "video/mp4"))


async def image_file(exchange: Exchange) -> Reply:
    """GET /generations/{name}: a JPEG file of the requested size, or a commercial's storyboard once it is drawn."""
    from mockserver.media import bands
    from mockserver.media.jpeg import jpeg
    from mockserver.media.storyboard import storyboard

    if exchange.path["name"].endswith(STORYBOARD + _IMAGE):
        job = await _job(exchange, SORA, STORYBOARD + _IMAGE)
        if not is_drawn(job, exchange.now):
            raise _no_file()
        size = (768, 1376) if job.facts["portrait"] else (1376, 768)
        return _sent(exchange, job, File(jpeg(storyboard(_seed(job), *size)), "image/jpeg"))
    job = await _job(exchange, IMAGES, _IMAGE)
    if job.at(exchange.now).status != "succeeded":
        raise _no_file()
    picture = bands.abstract(_seed(job), job.facts["width"], job.facts["height"])
    return _sent(exchange, job, File(jpeg(picture), "image/jpeg"))


def is_drawn(job: Job, now: int) -> bool:
    """Return whether the storyboard of a commercial is there: in its last stage, and if it has succeeded."""
    state = job.at(now)
    return "stages" in job.facts and (state.status == "succeeded" or state.step.stage == job.facts["stages"][-1])


async def _job(exchange: Exchange, folder: str, ending: str) -> Job:
    """Return the job of a file. Raises Refusal `not_found`."""
    name = exchange.path["name"]
    job_id = name.removesuffix(ending)
    for job in await exchange.sandbox.store.find_jobs(job_id) if job_id != name else ():
        if job.provider == exchange.provider.name and job.facts.get("folder") == folder:
            return job
    raise _no_file()


def _no_file() -> Refusal:
    return Refusal("nanophoto:NOT_FOUND", "There is no such file")


def _sent(exchange: Exchange, job: Job, file: File) -> Reply:
    # A client polls the shots of a film, and each of its files is a result of that job.
    about = job.facts.get("batch", job.id)
    return file_reply(file, exchange.request.method, exchange.request.headers)._replace(job=about)


def _seed(job: Job) -> Seeded:
    return Seeded("nanophoto", job.id)
