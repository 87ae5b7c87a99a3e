"""What can follow the words of a command line, found in the parsers of the commands."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mockserver.cli.main import COMMANDS, parser_for

# Characters of a description.
_LONGEST = 80

Suggestion = tuple[str, str]


def suggestions(words: Sequence[str]) -> list[Suggestion]:
    """Return the words that can be at the place of the last one, with descriptions.

    `words` begin with the name of the program; the last one is what has been typed so far of the next word. Nothing
    is returned where a file is expected, and after `--`, where another program is.
    """
    if "--" in words[1:-1]:
        return []
    # PowerShell before 7.3 leaves out empty arguments, so its script sends a space.
    typed = words[-1].strip() if len(words) > 1 else ""
    # Bash makes three words of `--option=value`.
    before = [word for word in words[1:-1] if word != "="]
    if typed == "=":
        typed = ""
    found = _of_command(before, typed) if before else _commands()
    return [(word, _short(text)) for word, text in found if word.startswith(typed)]


def _commands() -> Iterator[Suggestion]:
    parser = parser_for("")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from ((each.dest, each.help or "") for each in action._choices_actions)
        else:
            yield from ((name, action.help or "") for name in action.option_strings if name.startswith("--"))


def _of_command(before: Sequence[str], typed: str) -> Iterator[Suggestion]:
    command, *arguments = before
    if command == "help":
        return _commands()
    parser = _parser(command)
    if parser is None:
        return iter(())
    waiting, place = _read(parser, arguments)
    if waiting is not None:
        return _values(waiting)
    if typed.startswith("--") and "=" in typed:
        return _joined_values(parser, typed.partition("=")[0])
    if typed.startswith("-"):
        return _options(parser, arguments)
    positionals = [a for a in parser._actions if not a.option_strings and a.nargs != argparse.REMAINDER]
    if not positionals:
        return iter(())
    action = positionals[min(place, len(positionals) - 1)]
    repeated = action.nargs in ("*", "+")
    return _values(action) if place < len(positionals) or repeated else iter(())


def _parser(command: str) -> argparse.ArgumentParser | None:
    if command not in COMMANDS:
        return None
    for action in parser_for(command)._actions:
        if isinstance(action, argparse._SubParsersAction):
            parser: argparse.ArgumentParser | None = action.choices.get(command)
            return parser
    return None


def _read(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[argparse.Action | None, int]:
    """Return the option that waits for its value, if there is one, and the number of positional arguments so far."""
    by_name, waiting, place = _by_name(parser), None, 0
    for word in arguments:
        if waiting is not None:
            waiting = None
        elif word.startswith("-"):
            action = by_name.get(word)
            waiting = action if action is not None and action.nargs != 0 else None
        else:
            place += 1
    return waiting, place


def _options(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> Iterator[Suggestion]:
    for action in parser._actions:
        repeatable = isinstance(action, argparse._AppendAction)
        given = not repeatable and any(name in arguments for name in action.option_strings)
        if action.help != argparse.SUPPRESS and not given:
            yield from ((name, action.help or "") for name in action.option_strings if name.startswith("--"))


def _joined_values(parser: argparse.ArgumentParser, option: str) -> Iterator[Suggestion]:
    """Return `--option=value` for each value of an option, as shells other than Bash ask for them."""
    action = _by_name(parser).get(option)
    values = iter(()) if action is None else _values(action)
    return ((f"{option}={value}", text) for value, text in values)


def _by_name(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {name: action for action in parser._actions for name in action.option_strings}


def _values(action: argparse.Action) -> Iterator[Suggestion]:
    if action.choices is not None:
        return ((str(choice), "") for choice in action.choices)
    source = _SOURCES.get(action.dest)
    return iter(()) if source is None else source()


def _scenarios() -> Iterator[Suggestion]:
    from mockserver.scenario.folder import files_in
    from mockserver.scenario.library import bundled_dir
    from mockserver.settings import SettingsError, load

    try:
        folders = load({}).scenario_dirs
    except SettingsError:
        folders = (Path("scenarios"),)
    own = {name: str(path) for folder in folders for name, path in files_in(folder).items()}
    bundled = dict.fromkeys(files_in(bundled_dir()), "bundled")
    return iter(sorted({**bundled, **own}.items()))


def _providers() -> Iterator[Suggestion]:
    from mockserver.providers.registry import summaries

    return ((each.name, each.title) for each in summaries())


def _documents() -> Iterator[Suggestion]:
    yield from _providers()
    yield "control", "the control API"


def _cells() -> Iterator[Suggestion]:
    from mockserver.core.verdict.names import RULE_NAMES
    from mockserver.kit.catalogue import catalogue_of
    from mockserver.providers.registry import summaries

    yield from ((f"{each}#1=", "a cell of a sweep: the first call") for each in catalogue_of(summaries()).operations)
    yield from ((each, "a rule of the verdict, without faults") for each in sorted(RULE_NAMES))


def _items() -> Iterator[Suggestion]:
    from mockserver.exam.probes import PROBES

    return ((probe.name, probe.title) for probe in PROBES)


def _modes() -> Iterator[Suggestion]:
    return ((mode, "") for mode in ("real", "manual", "auto", "60x"))


# What the argument with this name can be.
_SOURCES: dict[str, Callable[[], Iterator[Suggestion]]] = {
    "scenario": _scenarios,
    "name": _scenarios,
    "file": _scenarios,
    "files": _scenarios,
    "provider": _providers,
    "document": _documents,
    "cell": _cells,
    "only": _cells,
    "items": _items,
    "clock": _modes,
}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
