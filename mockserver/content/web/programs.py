"""What small programs print, without running them: prints of literals, of names that were set before, and of sums."""

import ast
import json
import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

_LONGEST, _MOST_LINES, _DEEPEST = 20_000, 500, 40
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_BIGGEST = 10**15
_PRINT = re.compile(r"console\.(log|info|warn|error)\(")
_SET = re.compile(r"(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=\s*(.+?);?\s*$")
_THROW = re.compile(r"throw\s+new\s+([A-Z]\w*)\(\s*(['\"`])(.*?)\2\s*\)")


class Outcome(NamedTuple):
    """What a program prints, the error that ends it (name, value, traceback), and whether all of it is understood."""

    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    error: tuple[str, str, str] | None = None
    complete: bool = True


class _Unknown(Exception):
    """A part of a program that is not understood."""


def python(code: str) -> Outcome:
    """Return what a Python program prints."""
    try:
        tree = ast.parse(code[:_LONGEST])
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        message = problem.msg if isinstance(problem, SyntaxError) else "invalid source"
        return Outcome(error=("SyntaxError", message, f"SyntaxError: {message}"))
    names: dict[str, Any] = {}
    printed: list[str] = []
    complete = True
    for statement in tree.body[:_MOST_LINES]:
        if isinstance(statement, ast.Raise):
            name, value = _raised(statement)
            trace = f'Traceback (most recent call last):\n  File "<stdin>", line {statement.lineno}\n{name}: {value}'
            return Outcome(tuple(printed), (), (name, value, trace), complete)
        try:
            _run(statement, names, printed)
        except _Unknown:
            complete = False
    return Outcome(tuple(printed), (), None, complete)


def _run(statement: ast.stmt, names: dict[str, Any], printed: list[str]) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        names.pop(statement.targets[0].id, None)
        names[statement.targets[0].id] = _value(statement.value, names)
        return
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print":
        printed.append(" ".join(str(_value(each, names)) for each in call.args) + "\n")
    elif not (isinstance(call, ast.Constant)):
        raise _Unknown


def _value(node: ast.expr, names: dict[str, Any], depth: int = 0) -> Any:
    """Return the value of an expression of literals and names. Raises _Unknown for any other."""
    if depth > _DEEPEST:
        raise _Unknown
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        values = [_value(each, names, depth + 1) for each in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)
    if isinstance(node, ast.Dict) and all(node.keys):
        keys = [_value(each, names, depth + 1) for each in node.keys if each is not None]
        if all(isinstance(key, str | int | float | bool) for key in keys):
            return dict(zip(keys, (_value(each, names, depth + 1) for each in node.values), strict=True))
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(_value(each.value if isinstance(each, ast.FormattedValue) else each, names, depth + 1))
            for each in node.values
        )
    if isinstance(node, ast.BinOp):
        return _computed(node, _value(node.left, names, depth + 1), _value(node.right, names, depth + 1))
    if isinstance(node, ast.Call):
        return _called(ast.unparse(node.func), [_value(each, names, depth + 1) for each in node.args])
    raise _Unknown


def _computed(node: ast.BinOp, left: Any, right: Any) -> Any:
    numbers = all(isinstance(each, int | float) and abs(each) < _BIGGEST for each in (left, right))
    both_text = isinstance(node.op, ast.Add) and isinstance(left, str) and isinstance(right, str)
    if type(node.op) not in _OPERATORS or not (numbers or both_text):
        raise _Unknown
    try:
        return _OPERATORS[type(node.op)](left, right)
    except ArithmeticError:
        raise _Unknown from None


def _called(name: str, arguments: list[Any]) -> Any:
    try:
        if name == "json.dumps" and len(arguments) == 1:
            return json.dumps(arguments[0])
        functions: dict[str, Callable[[Any], Any]] = {
            "len": len,
            "str": str,
            "sum": sum,
            "sorted": sorted,
            "max": max,
            "min": min,
        }
        if name in functions and len(arguments) == 1:
            return functions[name](arguments[0])
    except (TypeError, ValueError):
        pass
    raise _Unknown


def _raised(statement: ast.Raise) -> tuple[str, str]:
    raised = statement.exc
    if isinstance(raised, ast.Call):
        first = raised.args[0] if raised.args else None
        return ast.unparse(raised.func), str(first.value) if isinstance(first, ast.Constant) else ""
    return (ast.unparse(raised), "") if raised is not None else ("RuntimeError", "No active exception to reraise")


def javascript(code: str) -> Outcome:
    """Return what a JavaScript program prints. Each statement must be on a line of its own."""
    names: dict[str, Any] = {}
    printed: dict[bool, list[str]] = {False: [], True: []}
    complete = True
    for line in code[:_LONGEST].splitlines()[:_MOST_LINES]:
        statement = line.strip()
        thrown = _THROW.match(statement)
        if thrown:
            error = (thrown[1], thrown[3], f"{thrown[1]}: {thrown[3]}\n    at <anonymous>")
            return Outcome(tuple(printed[False]), tuple(printed[True]), error, complete)
        assigned, printing = _SET.match(statement), _PRINT.match(statement)
        try:
            if assigned:
                names.pop(assigned[1], None)
                names[assigned[1]] = _js(assigned[2].rstrip(";"), names)
            elif printing:
                arguments = _arguments(statement[printing.end() :].rstrip("; \t"))
                text = " ".join(_js_text(_js(each, names)) for each in arguments)
                printed[printing[1] in ("warn", "error")].append(f"{text}\n")
            elif statement and not statement.startswith("//"):
                complete = False
        except _Unknown:
            complete = False
    return Outcome(tuple(printed[False]), tuple(printed[True]), None, complete)


def _arguments(text: str) -> list[str]:
    """Return the arguments of a call, split at the commas that are not inside a string or brackets."""
    if not text.endswith(")"):
        raise _Unknown
    parts, depth, quote, start = [], 0, "", 0
    text = text[:-1]
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote and text[at - 1] != "\\" else quote
        elif char in "'\"`":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def _js(text: str, names: dict[str, Any]) -> Any:
    text = text.strip()
    if text in names:
        return names[text]
    if text.startswith("JSON.stringify("):
        (value,) = _arguments(text.removeprefix("JSON.stringify("))[:1] or [""]
        return json.dumps(_js(value, names), separators=(",", ":"), ensure_ascii=False)
    literal = re.sub(r"([{,]\s*)([A-Za-z_$][\w$]*)\s*:", r'\1"\2":', text)
    single = re.fullmatch(r"(['`])([^'`\\]*)\1", text)
    if single and (single[1] == "'" or "${" not in single[2]):
        return single[2]
    try:
        return json.loads(literal)
    except (ValueError, RecursionError):
        return _js_sum(text, names)


def _js_sum(text: str, names: dict[str, Any]) -> Any:
    """Return the value of an expression that means the same in Python, such as a sum of numbers."""
    try:
        value = _value(ast.parse(text[:500], mode="eval").body, names)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _Unknown from None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _js_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
