"""What `mockserver doctor` checks on this machine, each as one result: what is the case, and what to do about it."""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mockserver.cli.result import Result
from mockserver.cli.server_check import server_result

if TYPE_CHECKING:
    from mockserver.settings import Settings

_DISTRIBUTION, _CLIENT = "ai-video-mockserver", "ai-video-mockserver-client"
# The versions of Python with which the tests are run.
_OLDEST, _NEWEST = (3, 11), (3, 13)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_LOCAL = ("localhost", "127.0.0.1", "::1")
# What can be installed beside the package: the module, what it is for, and how to get it.
_EXTRAS = (
    ("fastapi_offline", "the page /_mock/docs", f"pip install '{_DISTRIBUTION}[docs]'"),
    ("redis", "--store valkey://... and --workers", f"pip install '{_DISTRIBUTION}[valkey]'"),
    ("pytest", "the fixture for tests", "pip install pytest"),
    ("testcontainers", "MockServerContainer", "pip install testcontainers"),
)


def results(url: str | None, token: str | None, environment: Mapping[str, str]) -> Iterator[Result]:
    """Check the installation, the settings, and the server at `url` (None: that of the settings)."""
    yield _python()
    yield from _package()
    yield from _extras()
    yield from _proxies(environment, url)
    yield from _certificates(environment)
    yield _interception()
    from mockserver.settings import SettingsError, load

    try:
        settings = load({}, environment)
    except SettingsError as error:
        yield Result("problem", "settings", str(error), "Correct the variable or the file that the message names")
        return
    yield Result("ok", "settings", f"scenario {_shown(settings.scenario)}, host {settings.host}, port {settings.port}")
    yield from _workers(settings)
    yield from _scenarios(settings)
    yield from _store(settings)
    url = url or environment.get("MOCKSERVER_URL")
    yield server_result(settings, url, token or settings.token, client_only=_is_client())


def _workers(settings: "Settings") -> Iterator[Result]:
    from mockserver.cli.workers import check_workers
    from mockserver.settings import SettingsError

    try:
        check_workers(settings, intercept=False)
    except SettingsError as error:
        yield Result("problem", "workers", str(error), "Set MOCKSERVER_STORE, or MOCKSERVER_WORKERS=1")


def _shown(scenario: str) -> str:
    return "in MOCKSERVER_SCENARIO" if "\n" in scenario else scenario


def _python() -> Result:
    version = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info[:2] > _NEWEST:
        newest = ".".join(map(str, _NEWEST))
        return Result("warning", "Python", version, f"The tests are run with versions up to {newest}; use one of them")
    if sys.version_info[:2] < _OLDEST:
        return Result("problem", "Python", version, f"Use Python {'.'.join(map(str, _OLDEST))} or later")
    return Result("ok", "Python", version)


def _package() -> Iterator[Result]:
    import mockserver

    folder = Path(mockserver.__file__).parent
    name = _CLIENT if _is_client() else _DISTRIBUTION
    yield Result("ok", "package", f"{name} {mockserver.__version__} at {folder}")
    if _is_installed(_CLIENT) and _is_installed(_DISTRIBUTION):
        advice = f"Uninstall both, and install one of them again: pip uninstall {_DISTRIBUTION} {_CLIENT}"
        yield Result(
            "warning", "package", f"{_DISTRIBUTION} and {_CLIENT} are installed, with the same modules", advice
        )
    try:
        other = importlib.metadata.distribution("mockserver")
    except importlib.metadata.PackageNotFoundError:
        return
    if (other.metadata["Name"] or "") == "mockserver" and "ai-video" not in (other.metadata["Summary"] or "").lower():
        advice = f"Uninstall both, and install this one again: pip uninstall mockserver {_DISTRIBUTION}"
        yield Result("problem", "package", "another product called `mockserver` is installed too", advice)


def _is_installed(distribution: str) -> bool:
    return any(importlib.metadata.distributions(name=distribution))


def _is_client() -> bool:
    """Return True if only the client is installed, without what the server needs."""
    return _is_installed(_CLIENT) and not _is_installed(_DISTRIBUTION)


def _extras() -> Iterator[Result]:
    for module, purpose, command in _EXTRAS[1:] if _is_client() else _EXTRAS:
        if importlib.util.find_spec(module) is None:
            yield Result("ok", "optional", f"{module} is not installed; it is for {purpose}: {command}")
        else:
            yield Result("ok", "optional", f"{module} is installed, for {purpose}")


def _proxies(environment: Mapping[str, str], url: str | None) -> Iterator[Result]:
    named = [name for name in _PROXIES if environment.get(name) or environment.get(name.lower())]
    if not named:
        yield Result("ok", "proxy", "no proxy is set in the environment")
        return
    excluded = f"{environment.get('NO_PROXY', '')},{environment.get('no_proxy', '')}"
    names = [name.strip().lstrip(".") for name in excluded.split(",") if name.strip()]
    host = urlsplit(url).hostname if url else None
    wanted = [each for each in (*_LOCAL[:2], *((host,) if host else ())) if each not in names]
    if "*" in names or not wanted:
        yield Result("ok", "proxy", f"{', '.join(named)}, but not for the hosts in NO_PROXY")
        return
    missing = list(dict.fromkeys(wanted))
    advice = f"Add them: export NO_PROXY={','.join(dict.fromkeys([*names, *missing]))}"
    text = f"{', '.join(named)} is set, and NO_PROXY does not name {' and '.join(missing)}"
    yield Result("warning", "proxy", f"{text}: clients may send requests for the sandbox to the proxy", advice)


def _certificates(environment: Mapping[str, str]) -> Iterator[Result]:
    missing = [name for name in _CERTIFICATES if environment.get(name) and not Path(environment[name]).is_file()]
    for name in missing:
        text = f"{name} is {environment[name]}, which does not exist: TLS fails in programs that read it"
        yield Result("problem", "certificates", text, f"unset {name}. `mockserver exec` sets it for its program only")
    if not missing:
        named = [name for name in _CERTIFICATES if environment.get(name)]
        yield Result("ok", "certificates", f"{', '.join(named)} name files" if named else "the system's are used")


def _interception() -> Result:
    if _is_client():
        text = f"`serve` and `exec` are not installed; they are in {_DISTRIBUTION}"
        return Result("ok", "interception", text)
    try:
        import trustme
    except ImportError as error:
        return Result("problem", "interception", f"no certificates can be made: {error}", "Install the package again")
    from tempfile import TemporaryDirectory

    try:
        with TemporaryDirectory() as folder:
            trustme.CA().cert_pem.write_to_path(Path(folder) / "ca.pem")
    except OSError as error:
        advice = "Set TMPDIR to a directory that can be written to"
        return Result("problem", "interception", f"certificates cannot be written: {error}", advice)
    return Result("ok", "interception", "`mockserver exec` can make its certificates")


def _scenarios(settings: "Settings") -> Iterator[Result]:
    from mockserver.kit.catalogue import catalogue_of
    from mockserver.providers.registry import providers
    from mockserver.scenario.library import Library, SourceErrors

    known = providers()
    library = Library(catalogue_of(known.summaries), known.values(), settings.scenario_dirs)
    folder = Path(settings.scenario_dir)
    if folder.is_dir():
        own = [each for each in library.listed(broken=True) if each.path.parent.resolve() == folder.resolve()]
        broken = [each for each in own if each.errors]
        for each in broken:
            yield Result("problem", "scenarios", each.errors[0], f"See all errors: mockserver check {each.path}")
        if not broken:
            yield Result("ok", "scenarios", f"{len(own)} in {folder}, all of them valid")
    else:
        yield Result("ok", "scenarios", f"there is no folder {folder}; the bundled scenarios are used")
    try:
        library.program_typed(settings.scenario)
    except (SourceErrors, LookupError) as error:
        text = error.lines()[0] if isinstance(error, SourceErrors) else str(error.args[0])
        yield Result("problem", "scenarios", text, "Set MOCKSERVER_SCENARIO to one of: mockserver scenarios")


def _store(settings: "Settings") -> Iterator[Result]:
    """Check the folder of the store's file. The file itself may be in use by a server."""
    file = settings.store_file
    if file is None:
        return
    folder = file.absolute().parent
    if not folder.is_dir():
        yield Result(
            "problem", "store", f"there is no folder {folder} for {file.name}", f"Create it: mkdir -p {folder}"
        )
    elif not os.access(folder, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        yield Result("problem", "store", f"{file} cannot be written to", "Choose a file of yours with MOCKSERVER_STORE")
    else:
        yield Result("ok", "store", f"the state is kept in {file}")
