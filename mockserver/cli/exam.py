"""`exam`: the command that checks whether a receiver of webhooks is safe."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error, report_file_error
from mockserver.cli.options import whole_number

if TYPE_CHECKING:
    from mockserver.exam.probes import Probe
    from mockserver.exam.report import Results
    from mockserver.exam.run import Exam, Item
    from mockserver.kit.provider import Provider

EXIT_FAILED, EXIT_NOTHING_OBSERVED = 1, 3
_SECRET = "MOCKSERVER_EXAM_SECRET"

_DESCRIPTION = f"""\
Send a receiver of webhooks valid, forged and unusual events, and judge its answers. Each item passes, fails, or cannot
be told from outside. The events are signed with the secret of --secret, of the file of --secret-file, or of the
variable {_SECRET}. Only loopback and private addresses are called. The receiver really processes these events: use one
of a test environment.

The exit code is 0 if no item fails, 1 if one fails, 2 for wrong input, and 3 if the receiver cannot be reached.
"""
_EXAMPLES = """\
examples:
  mockserver exam http://localhost:9000/hook --provider descrideo --secret whsec_test
  mockserver exam http://localhost:9000/hook --provider videotoprompt --secret-file secret.txt --only stale,respelled
  mockserver exam http://localhost:9000/hook --provider descrideo --secret s --processed http://localhost:9000/count
  mockserver exam http://localhost:9000/hook --provider descrideo --secret s --format junit --output exam.xml
  mockserver exam http://localhost:9000/hook --provider descrideo --secret s --only stale --curl
  mockserver exam --list
"""


def add(commands: Any) -> None:
    """Add the command."""
    exam = commands.add_parser(
        "exam",
        help="check whether a receiver of webhooks is safe",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    exam.add_argument("url", metavar="URL", nargs="?", help="the URL of the receiver")
    exam.add_argument("--provider", metavar="NAME", help="whose webhooks to send: videotoprompt or descrideo")
    exam.add_argument("--secret", help="the secret that signs the events")
    exam.add_argument("--secret-file", metavar="FILE", help="a file with the secret")
    exam.add_argument(
        "--only", dest="items", metavar="ITEM,...", help="hold only these items, and the valid event before them"
    )
    exam.add_argument("--list", action="store_true", help="list the items, and send nothing")
    exam.add_argument(
        "--job", action="append", metavar="ID", help="a job that the receiver knows; can be repeated (default: new ids)"
    )
    exam.add_argument(
        "--processed", metavar="URL", help="a URL that answers how many events the receiver has processed"
    )
    exam.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="default: the provider's")
    exam.add_argument("--insecure", action="store_true", help="accept any certificate of an https receiver")
    exam.add_argument("--seed", type=whole_number, metavar="NUMBER", help="seed of the ids (default: the time)")
    _add_output(exam)
    exam.set_defaults(run=_exam)


def _add_output(exam: argparse.ArgumentParser) -> None:
    formats = ("text", "json", "junit")
    exam.add_argument("--format", choices=formats, default="text", help="format of the report (default: text)")
    exam.add_argument("--output", metavar="FILE", help="file for the report (default: standard output)")
    exam.add_argument("--curl", action="store_true", help="with --format text: commands that send the same requests")
    exam.add_argument("--save", metavar="DIR", help="write the bytes of each request, and a command, to this directory")
    exam.add_argument(
        "--fail-on",
        choices=("any", "forged"),
        default="any",
        help="exit with code 1 if any item fails (default), or only if a forged event is accepted",
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"must be a number of seconds up to 600, not {text!r}")
    return value


class _Mistake(Exception):
    """The input is wrong. The message says what would be right."""


def _exam(options: argparse.Namespace) -> int:
    from mockserver.exam.run import ExamError

    try:
        if options.list:
            return _print_list(options)
        results = _hold(options)
        _write(results, options)
    except _Mistake as mistake:
        return report_error(str(mistake))
    except ExamError as error:
        print(error, file=sys.stderr)
        return EXIT_NOTHING_OBSERVED
    except OSError as error:
        return report_file_error(error)
    failed = results.forged or (options.fail_on == "any" and results.count("fail") > 0)
    return EXIT_FAILED if failed else 0


def _print_list(options: argparse.Namespace) -> int:
    from mockserver.exam.probes import PROBES

    probes = probes_for(options) if options.provider is not None else PROBES
    for probe in probes:
        print(f"{probe.name:<17}  {probe.title}")
    return 0


def probes_for(options: argparse.Namespace) -> "tuple[Probe, ...]":
    """Return the probes for the provider of the options."""
    from mockserver.exam.probes import probes_of

    return probes_of(_provider(options.provider))


def _hold(options: argparse.Namespace) -> "Results":
    import asyncio

    from mockserver.clock import wall_ms
    from mockserver.exam.report import Results, heading, lines, summary
    from mockserver.exam.run import run
    from mockserver.kit.ledger import ledger

    provider, seed = _provider(options.provider), options.seed if options.seed is not None else wall_ms() // 1000
    exam = _plan(options, provider, seed)
    live = options.format == "text" and options.output is None
    results = Results(exam.url, provider, seed, [], ledger([provider]))
    if live:
        print(heading(exam.url, provider, seed))

    def report(item: "Item") -> None:
        if live:
            print("\n".join(lines(results, item)), flush=True)

    items = asyncio.run(_with_sender(exam, lambda: run(exam, report)))
    results = results._replace(items=items)
    if live:
        print(f"\n{summary(results)}")
    return results


async def _with_sender(exam: "Exam", hold: "Callable[[], Any]") -> "list[Item]":
    from mockserver.outgoing.dial import Dialer

    try:
        items: list[Item] = await hold()
        return items
    finally:
        assert isinstance(exam.sender, Dialer)
        await exam.sender.aclose()


def _plan(options: argparse.Namespace, provider: "Provider", seed: int) -> "Exam":
    from mockserver.clock import monotonic, wall_ms
    from mockserver.core.seeded import Seeded
    from mockserver.exam.events import Events
    from mockserver.exam.probes import probes_of
    from mockserver.exam.run import Exam
    from mockserver.outgoing.destination import EgressRefused
    from mockserver.outgoing.dial import Dialer
    from mockserver.outgoing.egress import EgressPolicy

    if options.url is None:
        raise _Mistake("the URL of the receiver is missing, such as http://localhost:9000/hook")
    secret, probes, policy = _secret(options), probes_of(provider), EgressPolicy()
    signature, jobs, seeded = provider.signature, tuple(options.job or ()), Seeded("exam", seed)
    assert signature is not None
    for url in filter(None, (options.url, options.processed)):
        try:
            policy.check_url(url)
        except EgressRefused as refused:
            reason = str(refused).removesuffix(": calls to it need --allow-public-webhooks")
            raise _Mistake(f"{reason}. The exam sends to loopback and private addresses only") from None
    return Exam(
        options.url,
        probes,
        lambda: Events(provider, signature, secret, seeded, wall_ms(), jobs),
        Dialer(policy, monotonic, verify=not options.insecure),
        options.timeout or provider.webhook_timeout,
        _only(options.items, [probe.name for probe in probes]),
        options.processed,
    )


def _provider(name: str | None) -> "Provider":
    from mockserver.providers import registry
    from mockserver.source.suggestions import did_you_mean

    sending = [each.name for each in registry.summaries() if each.events]
    if name is None:
        raise _Mistake(f"--provider is missing: one of {', '.join(sending)}")
    known = [each.name for each in registry.summaries()]
    if name not in known:
        raise _Mistake(f"--provider {name}: unknown provider{did_you_mean(name, sending)}")
    if name not in sending:
        raise _Mistake(f"--provider {name}: this provider has no webhooks; those with webhooks: {', '.join(sending)}")
    provider = registry.providers().get(name)
    assert provider is not None
    return provider


def _secret(options: argparse.Namespace) -> str:
    if options.secret is not None and options.secret_file is not None:
        raise _Mistake("--secret and --secret-file: give one of them")
    secret: str = options.secret if options.secret is not None else os.environ.get(_SECRET, "")
    if options.secret_file is not None:
        secret = Path(options.secret_file).read_text("utf-8").strip()
    if not secret:
        raise _Mistake(f"the secret of the receiver is missing: --secret, --secret-file, or the variable {_SECRET}")
    return secret


def _only(text: str | None, names: list[str]) -> tuple[str, ...]:
    from mockserver.source.suggestions import did_you_mean

    wanted = tuple(filter(None, (name.strip() for name in (text or "").split(","))))
    for name in wanted:
        if name not in names:
            raise _Mistake(f"--only {name}: unknown item{did_you_mean(name, names)}")
    return wanted


def _write(results: "Results", options: argparse.Namespace) -> None:
    from mockserver.exam.repeat import commands, save

    if options.save is not None:
        count = save(list(results.items), Path(options.save))
        print(f"the bytes of {count} requests are in {options.save}", file=sys.stderr)
    if options.format == "text" and options.output is None:
        if options.curl:
            print("\nThe requests:\n")
            for item in results.items:
                print("\n".join(commands(item)))
        return
    text = _text(results, options)
    if options.output is None:
        sys.stdout.write(text)
    else:
        Path(options.output).write_text(text, "utf-8")


def _text(results: "Results", options: argparse.Namespace) -> str:
    import json

    from mockserver.exam import report
    from mockserver.exam.repeat import commands

    if options.format == "json":
        return json.dumps(report.data(results), indent=2) + "\n"
    if options.format == "junit":
        return report.junit(results)
    parts = [report.heading(results.url, results.provider, results.seed)]
    parts += [line for item in results.items for line in report.lines(results, item)]
    parts += ["", report.summary(results)]
    if options.curl:
        parts += ["", *(line for item in results.items for line in commands(item))]
    return "\n".join(parts) + "\n"
