"""URLs that are for the same video have the same address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.content.videos import address

YOUTUBE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
PLAIN = "https://example.com/a/b.mp4?id=1"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://youtu.be/dQw4w9WgXcQ", YOUTUBE),
        ("https://youtu.be/dQw4w9WgXcQ?si=abc&t=30", YOUTUBE),
        ("http://m.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ&list=PL1", YOUTUBE),
        ("https://www.youtube.com/shorts/dQw4w9WgXcQ", YOUTUBE),
        ("https://www.youtube.com/embed/dQw4w9WgXcQ", YOUTUBE),
        ("https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ", YOUTUBE),
        ("https://youtube.com/live/dQw4w9WgXcQ", YOUTUBE),
        ("https://player.vimeo.com/video/76979871", "https://vimeo.com/76979871"),
        ("https://www.vimeo.com/76979871?share=copy", "https://vimeo.com/76979871"),
        ("HTTPS://EXAMPLE.com:443/a/b.mp4?id=1#t=10", PLAIN),
        ("https://example.com/a/b.mp4?utm_source=mail&id=1&UTM_medium=x", PLAIN),
        ("https://s3.example.com/a.mp4?X-Amz-Signature=1&X-Amz-Date=2", "https://s3.example.com/a.mp4"),
        ("https://example.com", "https://example.com/"),
    ],
)
def test_urls_of_the_same_video(url, same):
    assert address(url) == same
    assert address(same) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (YOUTUBE, "https://www.youtube.com/watch?v=dQw4w9WgXcR"),
        (PLAIN, "https://example.com/a/b.mp4?id=2"),
        (PLAIN, "https://example.com/a/B.mp4?id=1"),
        ("https://vimeo.com/1", "https://vimeo.com/2"),
        ("https://example.com:8443/a.mp4", "https://example.com/a.mp4"),
        ("https://www.youtube.com/playlist?list=1", "https://www.youtube.com/playlist?list=2"),
    ],
)
def test_urls_of_different_videos(one, other):
    assert address(one) != address(other)


@given(st.text())
def test_any_text_has_an_address_that_is_its_own(text):
    assert address(address(text)) == address(text)
