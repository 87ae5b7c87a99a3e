"""A pytest run inside a test, with the plugin but without the configuration of this project."""

from importlib.metadata import entry_points

# An inner run unloads what it imports, except compiled code and parts of FastAPI, which then do not fit together.
import fastapi  # noqa: F401
import pytest
import trustme  # noqa: F401

# As in conftest: the plugin is named only if pytest does not find it by itself.
PLUGIN = () if entry_points(group="pytest11", name="mockserver") else ("-p", "mockserver.pytest_plugin")
# These plugins take almost a second to import, and no run inside a test needs them.
WITHOUT_SLOW_PLUGINS = tuple(
    word for name in ("faker", "hypothesispytest", "schemathesis", "valkey") for word in ("-p", f"no:{name}")
)


def run_inner(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests in the pytester directory in this process, in their order."""
    plugins = ("-p", "no:cacheprovider", "-p", "no:randomly", *WITHOUT_SLOW_PLUGINS, *PLUGIN)
    return pytester.runpytest_inprocess(*plugins, *arguments)
