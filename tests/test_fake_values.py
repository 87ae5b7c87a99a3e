"""Made-up values: in the requested language, the same for the same request, and from Faker, which is imported late."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from mockserver.content import fake
from mockserver.content.fake import Fakes
from mockserver.core.fill import FAKES
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from tests import descrideo_client as descrideo
from tests import nanophoto_client as nanophoto
from tests import videotoprompt_client as videotoprompt
from tests.conversation import Conversation

PEOPLE = {"author": "${fake.name}", "others": ["${fake.name}", "by ${fake.name}"], "mail": "${fake.email}"}


def polled(seed: int = 1, **reply: Any) -> dict[str, Any]:
    rule = {"name": "people", "operation": "videotoprompt.get_analysis", "reply": reply or PEOPLE}
    return {"extends": "default", "seed": seed, "rules": [rule]}


def dictated(text: str, seed: int = 1) -> dict[str, Any]:
    return {**nanophoto.ruled(stream={"text": text, "pace": {"first": 0, "every": 0}}), "seed": seed}


async def submitted(t: Conversation, **more: Any) -> str:
    reply = await t.post(f"{videotoprompt.ROOT}/url", {"url": videotoprompt.VIDEO, **more})
    assert reply.status_code == 202, reply.text
    job_id: str = reply.json()["id"]
    return job_id


async def seen(t: Conversation, job: str, **more: Any) -> dict[str, Any]:
    body = (await t.get(f"{videotoprompt.ROOT}/{job}", **more)).json()
    return {name: body[name] for name in PEOPLE}


async def analysis(scenario: dict[str, Any], **asked: Any) -> dict[str, Any]:
    """Return the made-up values of an analysis on a new server."""
    async with Conversation(scenario) as t:
        return await seen(t, await submitted(t, **asked))


async def written(scenario: dict[str, Any], **asked: Any) -> str:
    """Return the streamed text of a new server."""
    async with Conversation(scenario) as t:
        return nanophoto.answered(await t.post(nanophoto.API, {**nanophoto.URL, **asked}))


def names_of(country: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return Faker's first and last names for a locale."""
    from faker.providers.person.de_DE import Provider as German
    from faker.providers.person.en_US import Provider as American

    provider = {"de": German, "en": American}[country]
    return tuple(provider.first_names), tuple(provider.last_names)


def belongs(name: str, country: str) -> bool:
    first, last = names_of(country)
    words = name.split()
    return any(word in first for word in words) and any(
        part in last for word in words for part in (word, *word.split("-"))
    )


async def test_every_poll_of_a_job_has_the_same_values() -> None:
    async with Conversation(polled()) as t:
        job = await submitted(t)
        before = await seen(t, job)
        await t.advance(3_600)
        assert await seen(t, job, headers={"X-Trace": "2", "User-Agent": "another"}) == before
        assert await seen(t, await submitted(t)) != before, "another job is another request"
        assert await seen(t, job) == before


async def test_each_placeholder_in_a_reply_has_its_own_value() -> None:
    reply = await analysis(polled())
    names = [reply["author"], reply["others"][0], reply["others"][1].removeprefix("by ")]
    assert len(set(names)) == 3
    assert all(len(name.split()) >= 2 for name in names)


async def test_the_same_seed_and_request_give_the_same_values_on_another_server() -> None:
    assert await analysis(polled(seed=7)) == await analysis(polled(seed=7))


async def test_another_seed_gives_other_values() -> None:
    ours, theirs = await analysis(polled(seed=7)), await analysis(polled(seed=8))
    assert all(ours[key] != theirs[key] for key in PEOPLE)


async def test_another_account_gets_other_values() -> None:
    async with Conversation(dictated("${fake.name} ${fake.sentence}")) as t:
        texts = [
            (await t.post(nanophoto.API, nanophoto.URL, headers={"Authorization": f"Bearer {key}"})).text
            for key in ("key-1", "key-2", "key-1")
        ]
        assert texts[0] == texts[2] != texts[1]


async def test_a_job_in_german_has_german_names_at_every_poll() -> None:
    german = await analysis(polled(), language="de")
    assert belongs(german["author"], "de"), german["author"]
    assert belongs((await analysis(polled()))["author"], "en")
    assert german != await analysis(polled())


async def test_a_stream_is_in_the_locale_that_its_request_asks_for() -> None:
    assert belongs(await written(dictated("${fake.name}"), locale="de"), "de")
    assert belongs(await written(dictated("${fake.name}"), locale="en"), "en")
    assert belongs(await written(dictated("${fake.name}")), "en"), "English where nothing is asked for"
    assert any("\u3040" <= c <= "\u30ff" for c in await written(dictated("${fake.paragraph}"), locale="ja"))


async def test_a_descrideo_job_follows_the_language_of_its_context() -> None:
    rule = {"name": "people", "operation": "descrideo.*", "reply": {"author": "${fake.name}"}}

    async with Conversation({"extends": "default", "rules": [rule]}) as t:
        asked = descrideo.job(client_context={"lang": "de"})
        reply = await t.post(descrideo.LIVE, asked, headers=descrideo.by())
        assert belongs(reply.json()["author"], "de"), reply.text
        polled = await t.get(f"{descrideo.LIVE}/{reply.json()['job_id']}", headers=descrideo.by())
        assert belongs(polled.json()["author"], "de"), polled.text


async def test_each_upload_has_its_own_values() -> None:
    rule = {"name": "people", "operation": "videotoprompt.analyze_upload", "reply": {"author": "${fake.name}"}}

    async def author(t: Conversation, seconds: int) -> str:
        files = {"video": ("a.mp4", video(seconds * 1_000, Seeded(1)).data, "video/mp4")}
        reply = await t.client.post(f"{videotoprompt.ROOT}/upload", files=files, data={"language": "de"})
        name: str = reply.json()["author"]
        return name

    async with Conversation({"extends": "default", "rules": [rule]}) as t:
        one, other = await author(t, 3), await author(t, 4)
        assert belongs(one, "de"), "the language is in the upload"
        assert one != other


@pytest.mark.parametrize("query", ["a=%ED%A0%80", "%FF=1&a", "a=1&a=2"])
async def test_any_query_string_is_accepted(query: str) -> None:
    async with Conversation(polled()) as t:
        job = await submitted(t)
        assert len(await seen(t, f"{job}?{query}")) == len(PEOPLE)


def test_a_value_does_not_depend_on_values_of_other_kinds() -> None:
    alone, among = Fakes(Seeded(1)), Fakes(Seeded(1))
    names = [alone.next("name") for _ in range(3)]
    mixed = []
    for _ in range(3):
        among.next("sentence")
        mixed.append(among.next("name"))
        among.next("url")
    assert mixed == names
    assert len(set(names)) == 3


@pytest.mark.parametrize("kind", FAKES)
@pytest.mark.parametrize("language", ["en", "zh", "zh-TW", "ja", "ko", "es", "fr", "de", "pt", "ru", "ar", "it", "xx"])
def test_every_kind_exists_in_every_language(kind: str, language: str) -> None:
    value = Fakes(Seeded(3), language).next(kind)
    assert value
    assert value == Fakes(Seeded(3), language).next(kind)
    assert value != Fakes(Seeded(4), language).next(kind)
    if kind in ("email", "url"):
        host = value.partition("@")[2] or value.removeprefix("https://").partition("/")[0]
        assert host in ("example.com", "example.net", "example.org")


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("en", "en_US"), ("en-GB", "en_US"), ("zh", "zh_CN"), ("zh-TW", "zh_TW"), ("de", "de_DE"), ("pt", "pt_BR"),
        ("ja", "ja_JP"), ("sv", "sv_SE"), ("el", "el_GR"), ("nl", "nl_NL"), ("sw", "sw"), ("xx", "en_US"),
        ("", "en_US"),
    ],
)  # fmt: skip
def test_a_language_has_one_locale(language: str, locale: str) -> None:
    assert fake._locale(language) == locale


ASIDE = """
import asyncio, sys
import httpx2
from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.scenario.library import bundled_dir

def loaded():
    return [name for name in sys.modules if name.partition(".")[0] == "faker"]

async def ask():
    rule = {"name": "r", "operation": "dumplingai.*", "reply": {"by": "${fake.name}"}}
    app = create_app(scenario={"scenario": "s", "extends": "default", "rules": [rule], "clock": {"mode": "auto"}})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        keys = {"Authorization": "Bearer key-1"}
        assert (await client.get("/_mock/jobs")).status_code == 200
        assert not loaded(), "at the start"
        asked = {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "what?"}
        reply = await client.post("/dumplingai/api/v1/extract-video", json=asked, headers=keys)
        print(reply.json()["by"])
    await app.sandboxes.close()

assert main(["check", str(bundled_dir() / "nanophoto-stream-made-up.yaml")]) == 0
assert not loaded(), "while scenarios are checked"
asyncio.run(ask())
assert loaded()
"""


@pytest.mark.slow
def test_faker_is_imported_for_the_first_value_and_gives_the_same_in_every_process() -> None:
    names = set()
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", ASIDE], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        names.add(done.stdout.splitlines()[-1])
    assert len(names) == 1
    assert belongs(names.pop(), "en")
