"""The settings of the pytest plugin: options of the command line, keys of the configuration file, and variables.

This module is loaded in every run, so it imports nothing else of the package.
"""

import os
from typing import Any

import pytest

MODES = ("auto", "manual", "real", "scaled")
_SETTINGS = {
    "scenario": "the scenario of tests that do not set one: a name or a path",
    "scenario-dir": "the directory with your scenarios, which come before the bundled ones (default: scenarios)",
    "seed": "the seed of tests that do not set one: a whole number",
    "clock": f"the clock of tests and scenarios that do not set one: {', '.join(MODES)} (default: auto)",
}
_STRICT = "refuse every request that deviates from a provider's contract, even if published clients send it"
_NO_ASSUMED = "answer 501 where a provider's behaviour is an assumption, and name the assumption"
_ADDITIVE = "add unknown fields and other additive changes to every reply and webhook"
_COVERAGE = (
    "report which simulated behaviours the run covered: table, json:PATH, junit:PATH or html:PATH; can be repeated"
)
_FAIL_UNDER = "fail the run if it covered less than this percentage of the behaviours of the providers that it called"
_VERDICT = (
    "judge the client in every test that uses the sandbox, and report the findings: text, json:PATH, junit:PATH, "
    "sarif:PATH, markdown:PATH or html:PATH; can be repeated"
)
_FAIL_ON = "fail the run for findings of this severity and above: error, warning, note or never (default: error)"
_UI = (
    "serve the page that shows what happens while the tests run, with a sandbox for each test; in a terminal it stays "
    "until you press Enter"
)
_UI_PORT = "the port of --mockserver-ui (default: a free one)"
_BUNDLE = "save a bundle of each failed test in this directory: what happened in its sandbox, to be replayed"
_URL = (
    "the URL of a running server, in which each test gets a sandbox (default: MOCKSERVER_URL, or else a server in this "
    "process); its token is in MOCKSERVER_TOKEN"
)
# Set by `mockserver sweep` for the process of the tests.
SWEEP = "MOCKSERVER_SWEEP"


def add_options(parser: pytest.Parser) -> None:
    """Add the settings. Each is a command-line option and, with underscores, a key of the configuration file."""
    group = parser.getgroup("mockserver", "mockserver, a sandbox for AI-video provider APIs")
    for name, text in _SETTINGS.items():
        group.addoption(f"--mockserver-{name}", default=None, metavar=name.rpartition("-")[2].upper(), help=text)
        parser.addini(f"mockserver_{name.replace('-', '_')}", text, type="string", default="")
    for name, text in (("strict", _STRICT), ("no-assumed", _NO_ASSUMED), ("additive", _ADDITIVE)):
        group.addoption(f"--mockserver-{name}", action="store_true", default=None, help=text)
        parser.addini(f"mockserver_{name.replace('-', '_')}", text, type="bool", default=False)
    group.addoption("--mockserver-url", default=None, metavar="URL", help=_URL)
    parser.addini("mockserver_url", _URL, type="string", default="")
    _add_reports(parser, group)
    group.addoption("--mockserver-ui", action="store_true", default=False, help=_UI)
    group.addoption("--mockserver-ui-port", type=int, default=0, metavar="PORT", help=_UI_PORT)
    group.addoption("--mockserver-bundle", default=None, metavar="DIR", help=_BUNDLE)
    parser.addini("mockserver_bundle", _BUNDLE, type="string", default="")


def _add_reports(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--mockserver-coverage", action="append", nargs="?", const="table", metavar="FORMAT", default=None,
        help=_COVERAGE,
    )  # fmt: skip
    parser.addini("mockserver_coverage", _COVERAGE, type="linelist", default=[])
    group.addoption("--mockserver-coverage-fail-under", default=None, metavar="PERCENT", help=_FAIL_UNDER)
    parser.addini("mockserver_coverage_fail_under", _FAIL_UNDER, type="string", default="")
    group.addoption(
        "--mockserver-verdict", action="append", nargs="?", const="text", metavar="FORMAT", default=None, help=_VERDICT
    )
    parser.addini("mockserver_verdict", _VERDICT, type="linelist", default=[])
    group.addoption("--mockserver-verdict-fail-on", default=None, metavar="SEVERITY", help=_FAIL_ON)
    parser.addini("mockserver_verdict_fail_on", _FAIL_ON, type="string", default="")


def setting(config: pytest.Config, name: str) -> Any:
    """Return the value of an option, or else of the key in the configuration file."""
    option = config.getoption(f"mockserver_{name}")
    return config.getini(f"mockserver_{name}") if option is None else option


def seed_of(config: pytest.Config) -> int | None:
    """Return the seed of tests that do not set one. Raises UsageError for a wrong one."""
    given = setting(config, "seed")
    try:
        seed = int(given) if given else None
    except ValueError:
        raise pytest.UsageError(f"mockserver: the seed must be a whole number, not {given!r}") from None
    if seed is not None and not 0 <= seed < 2**63:
        raise pytest.UsageError(f"mockserver: the seed must be from 0 to {2**63 - 1}, not {seed}")
    return seed


def clock_of(config: pytest.Config) -> Any:
    """Return the clock of tests that do not set one. Raises UsageError for a wrong one."""
    mode = setting(config, "clock") or None
    if mode is not None and mode not in MODES:
        raise pytest.UsageError(f"mockserver: the clock must be one of {', '.join(MODES)}, not {mode!r}")
    return mode


def remote_url(config: pytest.Config) -> str | None:
    """Return the URL of the server that the run is for; None for a server in this process.

    `mockserver exec` sets MOCKSERVER_URL too, for clients. There, the fixture keeps its own server.
    """
    url = setting(config, "url") or ("" if "MOCKSERVER_INTERCEPT" in os.environ else os.environ.get("MOCKSERVER_URL"))
    return url or None


def check_remote(config: pytest.Config) -> None:
    """Raise UsageError for settings that a server that runs elsewhere cannot be given."""
    for name in ("strict", "no_assumed", "additive"):
        if setting(config, name):
            option = f"--{name.replace('_', '-')}"
            raise pytest.UsageError(
                f"mockserver: {name} is a setting of the server: start the one at {remote_url(config)} with {option}, "
                f"and leave out --mockserver-{option[2:]}"
            )
    if config.getoption("mockserver_ui"):
        raise pytest.UsageError(
            f"mockserver: the server at {remote_url(config)} has a page of its own; leave out --mockserver-ui"
        )
    if SWEEP in os.environ:
        raise pytest.UsageError("mockserver: a sweep needs a server in the process of the tests; unset MOCKSERVER_URL")
