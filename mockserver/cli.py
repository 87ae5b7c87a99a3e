"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

import argparse
import gc
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.intercept.arguments import add_clock, add_exec, add_intercept, program_of

if TYPE_CHECKING:
    from mockserver.scenarios import Library
    from mockserver.settings import Settings

EXIT_BAD = 2

_EXAMPLES = """\
examples:
  mockserver serve                              serve on http://localhost:8080
  mockserver serve --port 0 --scenario tour     any free port, another scenario
  mockserver exec -- python my_app.py           run a program whose code says https://api.videotoprompt.org
  mockserver check my-scenario.yaml             is it right? exit 2 and file:line:column when not
  mockserver show default                       rules in order, plans as timelines
  mockserver push my-scenario.yaml              use it in a server that is running
  mockserver openapi videotoprompt > api.json   the OpenAPI document of a provider
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 for success, 1 for failure, 2 for wrong input."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.command is None:
        parser.print_help()
        return 0
    try:
        return int(_COMMANDS[asked.command](asked))
    except BrokenPipeError:
        # The reader of our output (head, say) went away: not an error.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    from mockserver import __version__

    parser = argparse.ArgumentParser(
        prog="mockserver",
        description="A sandbox server that stands in for five AI-video provider APIs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_serve(commands)
    add_exec(commands)
    check = commands.add_parser(
        "check", help="check scenario files", description="Check scenario files; exit 2 when one is bad."
    )
    check.add_argument("files", nargs="+", metavar="FILE")
    show = commands.add_parser("show", help="show a scenario: its rules in order and its plans as timelines")
    show.add_argument("name", help="a bundled scenario, one of ./scenarios, or a path")
    commands.add_parser("scenarios", help="list the scenarios that can be used by name")
    commands.add_parser("schema", help="print the JSON Schema of scenario files, for editors")
    openapi = commands.add_parser("openapi", help="print the OpenAPI document of a provider, or of the control API")
    openapi.add_argument("provider", help="videotoprompt, prompttovideo, nanophoto, descrideo, dumplingai or control")
    openapi.add_argument("--yaml", action="store_true", help="as YAML")
    health = commands.add_parser("health", help="ask a running server whether it is well; exit 1 when not")
    _add_url(health)
    push = commands.add_parser("push", help="use a scenario file in a running server")
    push.add_argument("file", metavar="FILE")
    push.add_argument("--sandbox", default="default", help="the sandbox that uses it (default: default)")
    push.add_argument("--token", help="the token of the server's control API (default: MOCKSERVER_TOKEN)")
    _add_url(push)
    return parser


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server. Options are also variables (MOCKSERVER_PORT) and keys of mockserver.toml (port).",
        epilog="examples:\n  mockserver serve --scenario tour --seed 7\n  MOCKSERVER_SCENARIO=tour mockserver serve",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on; 0 is any free one (default: 8080)")
    serve.add_argument("--scenario", help="name or path of the scenario (default: default)")
    serve.add_argument("--scenario-dir", help="where your own scenarios are found by name (default: ./scenarios)")
    serve.add_argument("--seed", type=int, help="the seed of everything that looks random (default: the scenario's)")
    add_clock(serve)
    serve.add_argument("--public-url", help="the URL that clients reach this server by, for links in replies")
    serve.add_argument(
        "--allow-public-webhooks", action="store_true", default=None, help="send webhooks to public addresses too"
    )
    serve.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="refuse what published clients send but the provider's contract does not allow",
    )
    serve.add_argument(
        "--no-assumed",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="answer 501 where the provider's behaviour is an assumption, and say which",
    )
    serve.add_argument(
        "--rule-header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="name in X-Mock-Rule the documented, observed or assumed behaviours that a reply rests on",
    )
    serve.add_argument(
        "--access-log", action=argparse.BooleanOptionalAction, default=None, help="print a line for each request"
    )
    serve.add_argument("--token", help="what the control API asks for (default: none; beyond localhost one is made up)")
    serve.add_argument("--head-timeout", type=int, help="seconds that the head of a request may take (default: 10)")
    serve.add_argument("--body-timeout", type=int, help="seconds without progress of a body (default: 30)")
    serve.add_argument(
        "--config", metavar="FILE", help="the settings file (default: ./mockserver.toml, if there is one)"
    )

    add_intercept(serve)


def _add_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", help="the server (default: http://127.0.0.1:8080, or the port that is set)")


def _serve(asked: argparse.Namespace) -> int:
    def run(settings: "Settings") -> int:
        if asked.intercept:
            from mockserver.intercept.serving import serve_intercepting

            serve_intercepting(settings, allow_external=asked.allow_external)
        else:
            from mockserver.serve import serve

            serve(settings)
        return 0

    # Next to nothing that loading makes is garbage; looking for it takes a fifth of the start. `serve` goes on with it.
    gc.disable()
    try:
        return _with_settings(asked, run)
    finally:
        gc.enable()


def _exec(asked: argparse.Namespace) -> int:
    program = program_of(asked)
    if not program:
        return _bad("exec needs the program to run: mockserver exec -- COMMAND ...")

    def run(settings: "Settings") -> int:
        from mockserver.intercept.command import execute

        return execute(settings, program, allow_external=asked.allow_external, with_report=asked.report)

    return _with_settings(asked, run)


def _with_settings(asked: argparse.Namespace, run: Callable[["Settings"], int]) -> int:
    """Run with the settings that hold, and say what cannot be used."""
    from mockserver.settings import SettingsError, load

    try:
        settings = load(vars(asked), file=Path(asked.config) if asked.config else None)
        from mockserver.source.model_errors import SourceErrors

        try:
            return run(settings)
        except (SourceErrors, LookupError) as error:
            return _bad(_said(error))
    except SettingsError as error:
        return _bad(str(error))


def _library() -> "Library":
    from mockserver.catalogue import catalogue
    from mockserver.registry import all_providers
    from mockserver.scenarios import Library
    from mockserver.settings import Settings, load

    try:
        settings = load({})
    except ValueError:
        settings = Settings()
    providers = all_providers()
    return Library(catalogue(providers), providers, settings.scenario_dirs)


def _check(asked: argparse.Namespace) -> int:
    from mockserver.scenario_file import read_file
    from mockserver.source.model_errors import SourceErrors

    library, bad = _library(), 0
    for name in asked.files:
        try:
            program = library.program_of(read_file(Path(name)))
        except SourceErrors as errors:
            bad += 1
            print(errors, file=sys.stderr)
        else:
            print(f"{name}: ok, {len(program.rules)} rules, {len(program.plans)} plans")
    return EXIT_BAD if bad else 0


def _show(asked: argparse.Namespace) -> int:
    from mockserver.outline import outline
    from mockserver.source.model_errors import SourceErrors

    try:
        program = _library().program(asked.name)
    except (SourceErrors, LookupError) as error:
        return _bad(_said(error))
    print("\n".join(outline(program)))
    return 0


def _scenarios(asked: argparse.Namespace) -> int:
    listed = list(_library().listed())
    wide = max((len(s.name) for s in listed), default=0)
    for scenario in listed:
        print(f"{scenario.name:<{wide}}  {scenario.description}")
    return 0


def _schema(asked: argparse.Namespace) -> int:
    from mockserver.registry import all_providers
    from mockserver.schema import scenario_schema

    print(json.dumps(scenario_schema(all_providers()), indent=2, ensure_ascii=False))
    return 0


def _openapi(asked: argparse.Namespace) -> int:
    from mockserver.openapi import UnknownDocument, as_yaml, document

    try:
        found = document(asked.provider)
    except UnknownDocument as error:
        return _bad(str(error))
    print(as_yaml(found) if asked.yaml else json.dumps(found, indent=2, ensure_ascii=False))
    return 0


def _health(asked: argparse.Namespace) -> int:
    from mockserver.remote import RemoteError, get

    try:
        print(get(_url(asked), "/_mock/health")["status"])
    except RemoteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _push(asked: argparse.Namespace) -> int:
    from mockserver.remote import RemoteError, put_yaml

    try:
        text = Path(asked.file).read_bytes()
    except OSError as error:
        return _bad(f"{asked.file}: {error.strerror}")
    prefix = "" if asked.sandbox == "default" else f"/~{asked.sandbox}"
    try:
        done = put_yaml(_url(asked), f"{prefix}/_mock/scenario", text, asked.token or _settings().token)
    except RemoteError as error:
        return _bad(str(error).replace("upload:", f"{asked.file}:"))
    print(f"{_url(asked)} now runs {done['scenario']}: {done['rules']} rules, clock {done['clock']}")
    return 0


def _url(asked: argparse.Namespace) -> str:
    """The server that is meant: as a rule the one of this machine, on the port that its settings give it."""
    return asked.url or f"http://127.0.0.1:{_settings().port}"


def _settings() -> "Settings":
    from mockserver.settings import Settings, SettingsError, load

    try:
        return load({})
    except SettingsError:
        return Settings()


def _bad(message: str) -> int:
    print(message, file=sys.stderr)
    return EXIT_BAD


def _said(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, LookupError) else str(error)


_COMMANDS = {
    "serve": _serve,
    "exec": _exec,
    "check": _check,
    "show": _show,
    "scenarios": _scenarios,
    "schema": _schema,
    "openapi": _openapi,
    "health": _health,
    "push": _push,
}
