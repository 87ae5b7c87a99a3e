"""The settings of a server. A flag overrides the environment, the environment a file, and the file the default."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

PREFIX = "MOCKSERVER_"
FILE = "mockserver.toml"
# Variables for clients: `exec` sets the first two for its program, commands and the pytest plugin read the third, and
# the package for Node the others.
NOT_SETTINGS = (
    "MOCKSERVER_URL", "MOCKSERVER_INTERCEPT", "MOCKSERVER_RECEIVER_HOST",
    "MOCKSERVER_BUNDLES", "MOCKSERVER_COMMAND", "MOCKSERVER_IMAGE",
)  # fmt: skip
# Kubernetes and Docker set these in every container beside a service that is called mockserver. MOCKSERVER_PORT is one
# of them too: tcp://10.0.0.7:8080.
_OF_A_SERVICE = re.compile(r"MOCKSERVER_(?:SERVICE_|PORT_[0-9]+_|ENV_|NAME$)")
_SERVICE_PORT = re.compile(r"(?:tcp|udp)://.+")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?")
_URL = re.compile(r"https?://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[^?#\s]*)?", re.IGNORECASE)
# The forms of the log of `serve`.
LOGS = ("text", "json", "off")
# What the clocks of a store in a file do about the time in which the server did not run.
RESUMES = ("now", "paused")
MEMORY, SQLITE = "memory", "sqlite:"
# The schemes of a store that several processes share. With an `s` at the end the connection is encrypted.
SHARED = ("valkey://", "valkeys://", "redis://", "rediss://", "valkey+cluster://", "redis+cluster://")
_SHARED_URL = re.compile(
    r"(?:valkey|redis)(?:s|\+cluster)?://(?:[^/@\s]*@)?[^/@:\s]+(?::[0-9]{1,5})?(?:/[0-9]+)?(?:\?\S*)?"
)
MAX_SEED = 2**63 - 1
MAX_WORKERS = 64
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class SettingsError(ValueError):
    """A setting is invalid. The message says which one, where it was set, and what would be right."""


class CannotListen(SettingsError):
    """The server cannot listen on its address, for example because the port is in use."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Each can be set by a flag (`--public-url`), a variable (`MOCKSERVER_PUBLIC_URL`) or a key of
    `mockserver.toml` (`public_url`).
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    scenario: str = "default"
    scenario_dir: str = "scenarios"
    seed: int | None = None
    clock: str = ""
    public_url: str = ""
    allow_public_webhooks: bool = False
    strict: bool = False
    watch: bool | None = None
    no_assumed: bool = False
    rule_header: bool = False
    additive: bool = False
    cors: bool = False
    mcp: bool = False
    access_log: bool | None = None
    log: str = "text"
    token: str = ""
    allow_hosts: tuple[str, ...] = ()
    head_timeout: int = 10
    body_timeout: int = 30
    body_memory: int = 256
    sandbox_memory: int = 64
    server_memory: int = 512
    store: str = MEMORY
    resume: str = "now"

    @property
    def store_file(self) -> Path | None:
        """The file of the store, or None if everything is only in memory."""
        return Path(self.store.removeprefix(SQLITE)) if self.store.startswith(SQLITE) else None

    @property
    def is_shared(self) -> bool:
        """True if several processes share the store."""
        return self.store.startswith(SHARED)

    @property
    def scenario_dirs(self) -> tuple[Path, ...]:
        """The directories that are searched for scenarios before the bundled ones."""
        return (Path(self.scenario_dir),)


def load(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """Return the settings of this run. Raises SettingsError for an invalid value and an unknown name."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = _from_file(Path(FILE) if file is None else file, required=file is not None)
    known = {f.name for f in fields(Settings)}
    for variable, text in _variables(environment):
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            from mockserver.source.suggestions import did_you_mean

            names = [f"{PREFIX}{each.upper()}" for each in sorted(known)]
            raise SettingsError(f"{variable}: there is no such setting{did_you_mean(variable, names)}")
        values[name] = _typed(name, text, variable)
    values.update({k: tuple(v) if isinstance(v, list) else v for k, v in flags.items() if k in known and v is not None})
    settings = Settings(**values)
    _check_numbers(settings)
    if settings.log not in LOGS:
        raise SettingsError(f"log must be one of {', '.join(LOGS)}, not {settings.log!r}")
    if settings.resume not in RESUMES:
        raise SettingsError(f"resume must be now or paused, not {settings.resume!r}")
    _check_store(settings.store)
    _check_memory(settings)
    _check_url(settings.public_url)
    return replace(settings, host=settings.host.strip("[]"), allow_hosts=_host_names(settings.allow_hosts))


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that are meant as settings."""
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS or _OF_A_SERVICE.match(variable):
            continue
        if variable != "MOCKSERVER_PORT" or not _SERVICE_PORT.fullmatch(text):
            yield variable, text


def _check_numbers(settings: Settings) -> None:
    """Raise SettingsError if a number is out of its range."""
    if not 0 <= settings.port <= 65_535:
        raise SettingsError(f"port must be from 0 to 65535, not {settings.port}")
    if settings.seed is not None and not 0 <= settings.seed <= MAX_SEED:
        raise SettingsError(f"seed must be from 0 to {MAX_SEED}, not {settings.seed}")
    if not 1 <= settings.workers <= MAX_WORKERS:
        raise SettingsError(f"workers must be from 1 to {MAX_WORKERS}, not {settings.workers}")
    for name in ("head_timeout", "body_timeout"):
        if getattr(settings, name) < 1:
            raise SettingsError(f"{name} must be at least 1 second, not {getattr(settings, name)}")
    if settings.body_memory < 1:
        raise SettingsError(f"body_memory must be at least 1 MiB, not {settings.body_memory}")


def _check_store(store: str) -> None:
    """Raise SettingsError if this is neither `memory`, `sqlite:` and the path of a file, nor the URL of a Valkey."""
    if store.startswith(SHARED):
        if not _SHARED_URL.fullmatch(store):
            raise SettingsError(f"store must be a URL such as valkey://localhost:6379/0, not {masked_store(store)!r}")
        return
    path = store.removeprefix(SQLITE)
    if store == MEMORY or (store.startswith(SQLITE) and path not in ("", ":memory:") and not path.startswith("//")):
        return
    hint = ""
    if path == ":memory:":
        hint = f"; use {MEMORY} for a store that forgets"
    elif store.startswith(SQLITE) and path.strip("/"):
        hint = f"; for the file {path.lstrip('/')} write {SQLITE}{path.lstrip('/')}, or {SQLITE}/{path.lstrip('/')}"
    elif ("//" in store and not store.startswith(SQLITE)) or store.partition(":")[0] in ("valkey", "redis"):
        hint = "; for a Valkey or Redis server write valkey://HOST:6379/0"
    elif ":" not in store and store:
        hint = f"; did you mean {SQLITE}{store}?"
    forms = f"{MEMORY}, {SQLITE} and the path of a file, or the URL of a Valkey server"
    raise SettingsError(f"store must be {forms}, not {masked_store(store)!r}{hint}")


def masked_store(store: str) -> str:
    """Return the setting `store` for messages: without the user and the password that a URL can have."""
    if store.startswith(SQLITE):
        return store
    without_user = re.sub(r"^([a-z+]*:(?://)?).*@", r"\1***@", store)
    return re.sub(r"(?<=[?&])(username|password)=[^&]*", r"\1=***", without_user)


def _check_url(url: str) -> None:
    """Raise SettingsError if this is not the URL of a server. It may have a path, but no query."""
    if not url or _URL.fullmatch(url):
        return
    with_scheme = f"http://{url}"
    example = with_scheme if _URL.fullmatch(with_scheme) and "://" not in url else "http://mockserver:8080"
    raise SettingsError(f"public_url must be a URL such as {example}, not {url!r}")


def _host_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return host names in lower case. Raises SettingsError for anything else, such as a URL."""
    for name in values:
        if not _HOST_NAME.fullmatch(name):
            raise SettingsError(f"allow_hosts: {name!r} is not a host name; give only the name, such as mockserver")
    return tuple(name.lower() for name in values)


def _check_memory(settings: Settings) -> None:
    if settings.sandbox_memory < 1:
        raise SettingsError(f"sandbox_memory must be at least 1 MiB, not {settings.sandbox_memory}")
    if settings.server_memory < settings.sandbox_memory:
        least = f"sandbox_memory, which is {settings.sandbox_memory} MiB"
        raise SettingsError(f"server_memory must be at least {least}, not {settings.server_memory}")


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if required:
            raise SettingsError(f"{path}: the settings file does not exist") from None
        return {}
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from None
    import tomllib  # imported here because most servers have no such file

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None
    known = sorted(f.name for f in fields(Settings))
    for name in values:
        if name not in known:
            from mockserver.source.suggestions import did_you_mean

            raise SettingsError(f"{path}: unknown setting {name!r}{did_you_mean(name, known)}")
    return {name: _typed(name, value, f"{path}: {name}") for name, value in values.items()}


def _typed(name: str, value: Any, origin: str) -> Any:
    kind = str(next(f.type for f in fields(Settings) if f.name == name))
    if "tuple" in kind:
        names = value.split(",") if isinstance(value, str) else value
        if isinstance(names, list) and all(isinstance(each, str) for each in names):
            return tuple(each.strip() for each in names if each.strip())
        raise SettingsError(f"{origin} must be names separated by commas, or a list of names, not {value!r}")
    try:
        if "int" in kind:
            return int(value)
        if "bool" in kind and not isinstance(value, bool):
            return {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}[str(value).lower()]
    except (ValueError, KeyError):
        expected = "a whole number" if "int" in kind else "true or false"
        raise SettingsError(f"{origin} must be {expected}, not {value!r}") from None
    return value if "bool" in kind else str(value)
