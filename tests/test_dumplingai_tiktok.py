"""Profiles and videos of TikTok agree with each other, whatever operation returns them."""

from tests.conversation import Conversation
from tests.dumplingai_family import error, ok


async def test_the_cursors_list_every_video_once() -> None:
    async with Conversation() as t:
        count = (await ok(t, "get_tiktok_profile"))["stats"]["videoCount"]
        found, cursor = [], ""
        while True:
            page = await ok(t, "get_tiktok_profile_videos", maxCursor=cursor)
            found += [each["aweme_id"] for each in page["aweme_list"]]
            cursor = page["max_cursor"]
            if not page["has_more"]:
                break
        assert len(found) == len(set(found)) == count
        beyond = await ok(t, "get_tiktok_profile_videos", maxCursor=cursor)
        assert (beyond["aweme_list"], beyond["has_more"]) == ([], 0)


async def test_a_video_in_a_list_is_the_same_as_by_its_link() -> None:
    async with Conversation() as t:
        listed = (await ok(t, "get_tiktok_profile_videos", handle="@SunnyTrails"))["aweme_list"][3]
        video = await ok(t, "get_tiktok_video", url=listed["share_url"])
        assert (video["id"], video["desc"], video["createTime"]) == (
            listed["aweme_id"],
            listed["desc"],
            listed["create_time"],
        )
        assert video["video"]["duration"] == listed["video"]["duration"]
        assert video["stats"]["playCount"] == listed["statistics"]["play_count"]
        assert video["author"] == (await ok(t, "get_tiktok_profile", handle="sunnytrails"))["user"]


async def test_the_newest_videos_of_a_profile() -> None:
    async with Conversation() as t:
        profile = await ok(t, "get_tiktok_profile")
        listed = (await ok(t, "get_tiktok_profile_videos"))["aweme_list"]
        assert [each["id"] for each in profile["itemList"]] == [each["aweme_id"] for each in listed[:6]]
        times = [each["create_time"] for each in listed]
        assert times == sorted(times, reverse=True)


async def test_fewer_fields_of_videos() -> None:
    async with Conversation() as t:
        trimmed = (await ok(t, "get_tiktok_profile_videos", trim=True))["aweme_list"][0]
        full = (await ok(t, "get_tiktok_profile_videos"))["aweme_list"][0]
        assert trimmed.items() < full.items()


async def test_short_links() -> None:
    async with Conversation() as t:
        for url in ("https://vm.tiktok.com/ZMabc123/", "https://www.tiktok.com/t/ZTxyz/"):
            video = await ok(t, "get_tiktok_video", url=url)
            assert video == await ok(t, "get_tiktok_video", url=url)
            profile = await ok(t, "get_tiktok_profile", handle=video["author"]["uniqueId"])
            assert profile["itemList"][0]["id"] == video["id"]


async def test_profiles_that_are_searched_for() -> None:
    async with Conversation() as t:
        first = await ok(t, "search_tiktok_users", query="hiking", count=20)
        second = await ok(t, "search_tiktok_users", query="hiking", count=20, cursor=first["cursor"])
        assert (first["hasMore"], second["hasMore"]) == (True, False)
        names = [each["user"]["uniqueId"] for page in (first, second) for each in page["userList"]]
        assert len(names) == len(set(names)) == 30
        assert all(name.startswith("hiking") for name in names)
        one = first["userList"][4]
        assert one["user"].pop("search_user_name") == one["user"]["uniqueId"]
        profile = await ok(t, "get_tiktok_profile", handle=one["user"]["uniqueId"])
        assert (profile["user"], profile["stats"]) == (one["user"], one["stats"])


async def test_wrong_handles_and_cursors() -> None:
    async with Conversation() as t:
        needed = "'handle' parameter is required and must be a non-empty string."
        assert await error(t, "get_tiktok_profile", 400, {}) == needed
        assert await error(t, "get_tiktok_profile_videos", 400, handle="") == needed
        assert (await error(t, "search_tiktok_users", 400, {})).startswith("'query' parameter is required")
        assert (await error(t, "get_tiktok_profile", 400, handle="two words")).startswith("handle: ")
        assert (await error(t, "get_tiktok_profile_videos", 400, maxCursor="next")).startswith("maxCursor: ")
