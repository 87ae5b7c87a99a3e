"""`bundle`: the commands that save, show, load, replay and compare bundles."""

import argparse
import json
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error
from mockserver.cli.options import add_token, add_url, whole_number
from mockserver.cli.remote import token_of, url_of
from mockserver.core.addresses import sandbox_prefix
from mockserver.core.terminal import escaped

if TYPE_CHECKING:
    from mockserver.bundle.contents import Bundle
    from mockserver.bundle.replaying import Outcome

EXIT_DIFFERENT = 1
# Characters that are not printable and that texts of people contain: spaces that do not break, joined emoji.
_KEPT = "\t\n\u00a0\u202f\u200d"

_DESCRIPTION = """\
A bundle is one file, NAME.mock.zip, with everything that happened in a sandbox: scenario, seed, clock, accounts, jobs,
credits, webhooks, and the journal with the bodies of requests and replies. Keys and secrets in it are masked. The
commands `verdict` and `coverage` read bundles, too.
"""
_EXAMPLES = """\
examples:
  mockserver bundle save                          save the sandbox `default` of the server on http://localhost:8080
  mockserver bundle show run.mock.zip             what is in it, and its journal
  mockserver bundle show run.mock.zip --entry 12  one request with its reply
  mockserver bundle show run.mock.zip --open      the same in a browser: jobs, journal, webhooks, findings
  mockserver bundle replay run.mock.zip           send its requests again, without a server, and compare the replies
  mockserver bundle load run.mock.zip --at 12     go on from there in a running server
  mockserver bundle diff green.mock.zip red.mock.zip
"""
_SAVE = """\
Save a sandbox of a running server as a bundle. The file is written beside its name and renamed, so there is never half
a bundle. A file of that name is replaced.
"""
_LOAD = """\
Make a new sandbox of a running server from a bundle. The requests of the bundle are sent again, at their times, and
receivers of webhooks are not called: they answer as they did. After that the sandbox is like any other. Its clock
stands still, unless --clock says otherwise. Keys are masked in a bundle. To act as an account of the bundle, use its
masked key with the URLs that the command prints.
"""
_REPLAY = """\
Send the requests of a bundle again, at the times of its clock, in a server of this command, and compare the replies
byte by byte. For each difference, the reason is named.

The exit code is 0 if all replies are identical, 1 if not, and 2 for wrong input.
"""
_DIFF = """\
Compare two bundles: settings and scenario, the requests and their replies, the jobs and the credits.

The exit code is 0 if there is no difference, 1 if there is one, and 2 for wrong input.
"""
_MODES = ("real", "manual", "auto")


def add(commands: Any) -> None:
    """Add the commands."""
    bundle = commands.add_parser(
        "bundle",
        help="save, show, load, replay and compare what happened in a sandbox",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    each = bundle.add_subparsers(dest="bundle", metavar="COMMAND", required=True)
    _add_save(each)
    _add_show(each)
    _add_load(each)
    _add_replay(each)
    _add_diff(each)


def _command(commands: Any, name: str, summary: str, description: str, example: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"example:\n  mockserver bundle {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return command


def _add_save(commands: Any) -> None:
    save = _command(commands, "save", "save a sandbox of a running server", _SAVE, "save run.mock.zip --sandbox alice")
    save.add_argument("file", metavar="FILE", nargs="?", help="the file to write (default: NAME.mock.zip)")
    save.add_argument("--sandbox", metavar="NAME", default="default", help="the sandbox (default: default)")
    add_token(save)
    add_url(save)
    save.set_defaults(run=_save)


def _add_show(commands: Any) -> None:
    show = _command(commands, "show", "print what is in a bundle", "Print what is in a bundle.", "show run.mock.zip")
    show.add_argument("file", metavar="FILE", help="the bundle")
    show.add_argument("--entry", type=whole_number, metavar="NUMBER", help="one entry of the journal, with its bodies")
    show.add_argument("--scenario", action="store_true", help="the scenario, as JSON")
    show.add_argument(
        "--open", action="store_true", help="show it in a browser, on the page of a server of this command"
    )
    show.add_argument("--port", type=whole_number, default=0, help="the port of --open (default: a free one)")
    show.add_argument("--format", choices=("text", "json"), default="text", help="the format (default: text)")
    show.set_defaults(run=_show)


def _add_load(commands: Any) -> None:
    load = _command(commands, "load", "make a sandbox from a bundle", _LOAD, "load run.mock.zip --sandbox red --at 12")
    load.add_argument("file", metavar="FILE", help="the bundle")
    load.add_argument("--sandbox", metavar="NAME", help="the name of the new sandbox (default: any that is free)")
    load.add_argument("--at", type=whole_number, metavar="NUMBER", help="stop after this entry of the journal")
    load.add_argument("--clock", choices=_MODES, help="the clock of the new sandbox (default: manual)")
    add_token(load)
    add_url(load)
    load.set_defaults(run=_load)


def _add_replay(commands: Any) -> None:
    replay = _command(commands, "replay", "repeat a bundle and compare the replies", _REPLAY, "replay run.mock.zip")
    replay.add_argument("file", metavar="FILE", help="the bundle")
    replay.add_argument("--at", type=whole_number, metavar="NUMBER", help="stop after this entry of the journal")
    replay.add_argument("--format", choices=("text", "json"), default="text", help="the format (default: text)")
    replay.set_defaults(run=_replay)


def _add_diff(commands: Any) -> None:
    diff = _command(commands, "diff", "compare two bundles", _DIFF, "diff green.mock.zip red.mock.zip")
    diff.add_argument("first", metavar="FIRST", help="a bundle")
    diff.add_argument("second", metavar="SECOND", help="another bundle")
    diff.set_defaults(run=_diff)


class _Mistake(Exception):
    """The input is wrong. The message says what would be right."""


def read(name: str) -> "Bundle":
    """Return the bundle in a file. Raises _Mistake."""
    from mockserver.bundle.files import read_bundle
    from mockserver.bundle.invalid import InvalidBundle

    try:
        return read_bundle(Path(name))
    except InvalidBundle as error:
        raise _Mistake(str(error)) from None
    except OSError as error:
        raise _Mistake(f"{name}: {error.strerror}") from None


def _save(options: argparse.Namespace) -> int:
    from mockserver.bundle.files import write
    from mockserver.bundle.invalid import ENDING
    from mockserver.cli.client import RemoteError, get_bytes

    path = Path(options.file or f"{options.sandbox}{ENDING}")
    try:
        data = get_bytes(url_of(options), f"{sandbox_prefix(options.sandbox)}/_mock/bundle", token_of(options))
        write(path, data)
    except RemoteError as error:
        return report_error(str(error))
    except OSError as error:
        return report_error(f"{path}: {error.strerror}")
    print(f"the sandbox {options.sandbox} of {url_of(options)} was saved in {path} ({len(data):,} bytes)")
    return 0


def _show(options: argparse.Namespace) -> int:
    from mockserver.bundle import text

    try:
        bundle = read(options.file)
        if options.open:
            return _open(bundle, options)
        if options.scenario:
            print(json.dumps(bundle.scenario, indent=2, ensure_ascii=False))
        elif options.format == "json":
            print(json.dumps(_data(bundle, options.entry), indent=2, ensure_ascii=False))
        elif options.entry is not None:
            _print(text.entry_lines(_entry(bundle, options.entry)))
        else:
            _print([*text.summary(bundle), "", *text.journal(bundle)])
    except _Mistake as mistake:
        return report_error(str(mistake))
    return 0


def _open(bundle: "Bundle", options: argparse.Namespace) -> int:
    import webbrowser

    from mockserver.bundle.invalid import InvalidBundle
    from mockserver.settings import CannotListen
    from mockserver.testing.viewer import viewed

    try:
        with viewed(bundle, options.port) as url:
            print(f"{url} shows {options.file}. Press Ctrl+C to end.", flush=True)
            webbrowser.open(url)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except (InvalidBundle, CannotListen) as error:
        return report_error(f"{options.file}: {error}" if isinstance(error, InvalidBundle) else str(error))
    return 0


def _data(bundle: "Bundle", number: int | None) -> Any:
    from mockserver.bundle.records import data_of

    if number is not None:
        return data_of(_entry(bundle, number))
    return {
        "bundle": bundle.manifest.model_dump(mode="json"),
        "jobs": [data_of(each) for each in bundle.jobs],
        "deliveries": [data_of(each) for each in bundle.deliveries],
        "journal": [data_of(each) for each in bundle.entries],
    }


def _entry(bundle: "Bundle", number: int) -> Any:
    found = next((each for each in bundle.entries if each.number == number), None)
    if found is None:
        numbers = [each.number for each in bundle.entries if each.number]
        known = f"it has #{min(numbers)} to #{max(numbers)}" if numbers else "it is empty"
        raise _Mistake(f"the journal of the bundle has no entry #{number}: {known}")
    return found


def _load(options: argparse.Namespace) -> int:
    from urllib.parse import urlencode

    from mockserver.bundle.files import read as read_bytes
    from mockserver.bundle.invalid import InvalidBundle
    from mockserver.cli.client import RemoteError, post_zip

    query = {"name": options.sandbox, "at": options.at, "clock": options.clock}
    given = urlencode({name: value for name, value in query.items() if value is not None})
    try:
        data = read_bytes(Path(options.file))
        path = "/_mock/sandboxes" + (f"?{given}" if given else "")
        reply = post_zip(url_of(options), path, data, token_of(options))
    except (InvalidBundle, RemoteError) as error:
        return report_error(str(error))
    except OSError as error:
        return report_error(f"{options.file}: {error.strerror}")
    _print(_loaded(reply, url_of(options)))
    return 0


def _loaded(reply: dict[str, Any], url: str) -> Iterable[str]:
    replayed, base = reply["bundle"], f"{url.rstrip('/')}/~{reply['name']}"
    for each in replayed["differences"]:
        yield f"#{each['number']} {each['operation']} {'differs' if each['sent'] else 'was not sent'}: {each['why']}"
    yield from (f"the change {change}" for change in replayed["changes"])
    yield f"{replayed['identical']} of {replayed['requests']} replies are identical"
    yield f"the new sandbox is {reply['name']}, with a {reply['clock']} clock: {base}/_mock/"
    yield from (f"  {name:<14} {reply['urls'][name]}  key {key}" for name, key in reply["keys"].items())


def _replay(options: argparse.Namespace) -> int:
    from mockserver.bundle import text
    from mockserver.bundle.invalid import InvalidBundle
    from mockserver.cli.replay import replayed

    try:
        outcome = replayed(read(options.file), options.at)
    except _Mistake as mistake:
        return report_error(str(mistake))
    except InvalidBundle as error:
        return report_error(f"{options.file} is refused: {error}")
    if options.format == "json":
        print(json.dumps(_outcome(outcome), indent=2, ensure_ascii=False))
    else:
        _print(text.outcome(outcome))
    return 0 if outcome.identical == len(outcome.requests) and not outcome.changes else EXIT_DIFFERENT


def _outcome(outcome: "Outcome") -> dict[str, Any]:
    return {
        "requests": len(outcome.requests),
        "identical": outcome.identical,
        "differences": [each._asdict() for each in outcome.requests if not each.identical],
        "changes": outcome.changes,
    }


def _diff(options: argparse.Namespace) -> int:
    from mockserver.bundle.difference import differences

    try:
        found = list(differences(read(options.first), read(options.second)))
    except _Mistake as mistake:
        return report_error(str(mistake))
    _print(found or ["the bundles do not differ"])
    return EXIT_DIFFERENT if found else 0


def _print(lines: Iterable[str]) -> None:
    # A bundle can contain what a terminal would obey.
    sys.stdout.write("".join(f"{escaped(line, _KEPT)}\n" for line in lines))
