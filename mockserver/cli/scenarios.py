"""`check`, `show`, `scenarios` and `schema`: the commands about scenario files."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import EXIT_WRONG_INPUT, message_of, report_error

if TYPE_CHECKING:
    from mockserver.core.compile import Program
    from mockserver.scenario.library import Library
    from mockserver.source.document import Document


def add(commands: Any) -> None:
    """Add the commands."""
    check = _add(
        commands,
        "check",
        _check,
        "check scenario files",
        "Check scenario files. Each error is printed as file:line:column, and so is each warning about what has no "
        "effect. The exit code is 2 if there is an error.",
        "mockserver check scenarios/*.yaml",
    )
    check.add_argument("--fail-on-warning", action="store_true", help="exit with code 2 for warnings, too")
    check.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a scenario file, a folder of them, the name of a scenario, or - (stdin)",
    )
    show = _add(
        commands,
        "show",
        _show,
        "print the rules and the plans of a scenario",
        "Print a scenario: its accounts, its rules in order, and its plans as timelines.",
        "mockserver show videotoprompt-rate-limited",
    )
    show.add_argument(
        "name", metavar="NAME", help="a bundled scenario, a scenario in ./scenarios, a path, or - (stdin)"
    )
    scenarios = _add(
        commands,
        "scenarios",
        _scenarios,
        "list the scenarios that can be used by name",
        "List the scenarios that can be used by name: the bundled ones, and those in ./scenarios. A file there that "
        "cannot be used is listed as broken, with its first error.",
        "mockserver scenarios nanophoto stream\n  mockserver scenarios webhook --json",
    )
    scenarios.add_argument("words", nargs="*", metavar="WORD", help="list those with this in the name or description")
    scenarios.add_argument("--json", action="store_true", help="print JSON: name, description, file, and errors if any")
    _add(
        commands,
        "schema",
        _schema,
        "print the JSON Schema of scenario files",
        "Print the JSON Schema of scenario files, which editors use for completion.",
        "mockserver schema > scenario.schema.json",
    )


def _add(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str, description: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _library() -> "Library":
    from mockserver.kit.catalogue import catalogue
    from mockserver.providers.registry import all_providers
    from mockserver.scenario.library import Library
    from mockserver.settings import Settings, load

    try:
        settings = load({})
    except ValueError:
        settings = Settings()
    providers = all_providers()
    return Library(catalogue(providers), providers, settings.scenario_dirs)


def _check(options: argparse.Namespace) -> int:
    from mockserver.cli.references import compiled, expanded, label
    from mockserver.source.document import SourceErrors

    library, exit_code = _library(), 0
    try:
        names = list(expanded(options.files))
    except LookupError as error:
        return report_error(message_of(error))
    for name in names:
        try:
            document, program = compiled(library, name)
        except (SourceErrors, LookupError) as errors:
            exit_code = report_error(message_of(errors))
            continue
        warnings = _warnings(document, program)
        for warning in warnings:
            print(warning, file=sys.stderr)
        if warnings and options.fail_on_warning:
            exit_code = EXIT_WRONG_INPUT
        after = f", {len(warnings)} warning{'s' if len(warnings) > 1 else ''}" if warnings else ""
        print(f"{label(name)}: ok, {len(program.rules)} rules, {len(program.plans)} plans{after}")
    return exit_code


def _warnings(document: "Document", program: "Program") -> list[str]:
    from mockserver.kit.operation_facts import operation_facts
    from mockserver.providers.registry import all_providers
    from mockserver.scenario.advice import warnings_of

    found = warnings_of(document, program, operation_facts(all_providers()))
    return [f"{str(each).removesuffix(each.message)}warning: {each.message}" for each in found]


def _show(options: argparse.Namespace) -> int:
    from mockserver.cli.references import program_of
    from mockserver.scenario.outline import outline
    from mockserver.source.document import SourceErrors

    try:
        program = program_of(_library(), options.name)
    except (SourceErrors, LookupError) as error:
        return report_error(message_of(error))
    print("\n".join(outline(program)))
    return 0


def _scenarios(options: argparse.Namespace) -> int:
    from mockserver.cli.listing import as_json, as_text, matching

    library = _library()
    scenarios = matching(library, options.words)
    if options.json:
        print(as_json(scenarios))
    elif scenarios:
        print(as_text(scenarios))
    else:
        return report_error(f"no scenario has {' and '.join(map(repr, options.words))} in its name or description")
    return 0


def _schema(options: argparse.Namespace) -> int:
    from mockserver.openapi.scenario_schema import scenario_schema
    from mockserver.providers.registry import all_providers

    print(json.dumps(scenario_schema(all_providers()), indent=2, ensure_ascii=False))
    return 0
