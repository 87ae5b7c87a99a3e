"""A sandbox server that stands in for five AI-video provider APIs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.testing import MockServer

__version__ = "0.1.0"
__all__ = ["MockServer", "__version__"]


def __getattr__(name: str) -> Any:
    # Imported when it is first used, so that `import mockserver` and the command line stay fast.
    if name == "MockServer":
        from mockserver.testing import MockServer

        return MockServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
