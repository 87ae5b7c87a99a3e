"""The errors that the author of a document gets when pydantic refuses it."""

import enum
import pickle
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidationError,
    model_validator,
)

from mockserver.source.document import Document
from mockserver.source.model_errors import SourceErrors, explain
from mockserver.source.suggestions import describe
from mockserver.source.validation import load, validate
from mockserver.source.yaml_reader import parse


def seconds(value: object) -> object:
    if not isinstance(value, str) or not value.endswith("s"):
        raise ValueError(f"expected a duration such as 15s, got {describe(value)}")
    return timedelta(seconds=float(value.removesuffix("s")))


def lowercase(value: str) -> str:
    if not value.islower():
        raise AssertionError("names are written in lower case")
    return value


Duration = Annotated[timedelta, BeforeValidator(seconds)]


class Mode(enum.Enum):
    REAL = "real"
    SCALED = "scaled"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fault(Strict):
    kind: Literal["rate_limited", "reset", "hang"]
    phase: Literal["before", "after"] = "before"
    retry_after: Duration | None = None

    @model_validator(mode="after")
    def _reset_has_no_retry(self) -> "Fault":
        if self.kind == "reset" and self.retry_after:
            raise ValueError("a reset has no retry_after")
        return self


class TimedStep(Strict):
    status: str
    for_: Duration = Field(alias="for")


class PolledStep(Strict):
    status: str
    polls: int = Field(gt=0)


class Text(Strict):
    kind: Literal["text"]
    text: str


class Table(Strict):
    kind: Literal["table"]
    rows: list[list[str]]


class Condition(Strict):
    model_config = ConfigDict(title="Condition of a rule")

    equals: str | int | None = None
    contains: str | None = None


class Headers(RootModel[dict[str, int]]):
    pass


class Rule(Strict):
    operation: str
    name: Annotated[str, AfterValidator(lowercase)] = "a"
    nth: int | None = None
    fault: str | Fault | None = None
    faults: list[Fault] = []
    steps: list[TimedStep | PolledStep] = []
    stream: Annotated[Text | Table, Field(discriminator="kind")] | None = None
    when: dict[str, str | Condition] = {}
    pace: Duration | Literal["forever"] = "forever"
    headers: Headers = Headers({})


def by_shape(value: object) -> str:
    return "many" if isinstance(value, list) else "one"


class Scenario(Strict):
    scenario: str = Field(min_length=2)
    rules: list[Rule] = []
    mode: Mode = Mode.REAL
    seed: int = Field(default=0, ge=0, le=9)
    share: float = 0.5
    loud: bool = False
    keys: dict[Annotated[str, Field(pattern="^[a-z]+$")], int] = {}
    account_key: str = Field(default="", validation_alias=AliasChoices("account", AliasPath("accounts", 0)))  # type: ignore[pydantic-alias]
    pair: tuple[int, str] | None = None
    shaped: (
        Annotated[Annotated[Fault, Tag("one")] | Annotated[list[Fault], Tag("many")], Discriminator(by_shape)] | None
    ) = None
    nested: int | Annotated[TimedStep | bool, Field(description="a union inside a union")] = 0
    anything: Any = None


def errors_of(text: str) -> list[str]:
    with pytest.raises(SourceErrors) as caught:
        load(Scenario, text, "f.yaml")
    return [str(error).removeprefix("f.yaml:") for error in caught.value.errors]


def errors_in_rule(text: str) -> list[str]:
    """Return the errors in the second key of a rule, on line 3."""
    return errors_of(f"scenario: busy\nrules:\n  - {text}\n    operation: any\n")


def test_a_valid_file_becomes_the_model() -> None:
    text = b"scenario: busy\nrules:\n- {operation: any, pace: 15s, steps: [{status: queued, for: 2s}]}\n"
    scenario = load(Scenario, text, "f.yaml")
    assert scenario.rules[0].pace == timedelta(seconds=15)


def test_a_text_that_is_not_yaml_gives_one_error() -> None:
    assert errors_of("scenario: [") == ["1:11: this bracket is not closed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Keys.
        ("operaton: any", "unknown key 'operaton' in a rule; did you mean 'operation'?"),
        ("", "missing key 'operation' in a rule"),
        ("operation: any\n    Nth: 1", "unknown key 'Nth' in a rule; did you mean 'nth'?"),
    ],
)
def test_errors_about_the_keys_of_a_rule(text: str, message: str) -> None:
    (error,) = errors_of(f"scenario: busy\nrules:\n  - name: a\n    {text}\n")
    assert error.endswith(message)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        # One type of value.
        ("nth: three", ["3:10: 'nth' must be a whole number, not 'three'"]),
        ("nth: 1.5", ["3:10: 'nth' must be a whole number, not 1.5"]),
        ("nth: [1]", ["3:10: 'nth' must be a whole number, not a list"]),
        ("name: 5", ["3:11: 'name' must be a string, not 5; put it in quotes"]),
        ("name: {}", ["3:11: 'name' must be a string, not a mapping"]),
        ("name: true", ["3:11: 'name' must be a string, not true; put it in quotes"]),
        ("name: Upper", ["3:11: 'name': names are written in lower case"]),
        ("faults: reset", ["3:13: 'faults' must be a list, not 'reset'"]),
        ("faults: [reset]", ["3:14: an item of 'faults' must be a mapping, not 'reset'"]),
        ("faults: [{kind: rest}]", ["3:21: 'kind' cannot be 'rest'; did you mean 'reset'?"]),
        ("faults: [{kind: 5}]", ["3:21: 'kind' cannot be 5; one of: rate_limited, reset, hang"]),
        ("headers: {a: b}", ["3:18: 'a' must be a whole number, not 'b'"]),
        # Plain unions: the errors of the member that was meant.
        ("fault: {kind: rate-limit}", ["3:19: 'kind' cannot be 'rate-limit'; did you mean 'rate_limited'?"]),
        ("fault: {kind: hang, phaze: after}", ["3:25: unknown key 'phaze' in a fault; did you mean 'phase'?"]),
        ("fault: {knid: hang}", ["3:13: unknown key 'knid' in a fault; did you mean 'kind'?"]),
        ("fault: {kind: reset, retry_after: 1s}", ["3:12: 'fault': a reset has no retry_after"]),
        (
            "fault: {kind: hang, retry_after: 1 min}",
            ["3:38: 'retry_after': expected a duration such as 15s, got '1 min'"],
        ),
        ("fault: [hang]", ["3:12: 'fault' must be a string or a mapping, not a list"]),
        ("fault: 3", ["3:12: 'fault' must be a string or a mapping, not 3; put it in quotes"]),
        (
            "when: {body.x: {equals: 1, containz: a}}",
            ["3:32: unknown key 'containz' in a condition of a rule; did you mean 'contains'?"],
        ),
        ("when: {body.x: {equals: [1]}}", ["3:29: 'equals' must be a string or a whole number, not a list"]),
        ("pace: 15x", ["3:11: 'pace': expected a duration such as 15s, got '15x'"]),
        ("pace: forver", ["3:11: 'pace' cannot be 'forver'; did you mean 'forever'?"]),
        ("pace: [1]", ["3:11: 'pace': expected a duration such as 15s, got a list"]),
        ("steps: [{status: a, fro: 1s}]", ["3:25: unknown key 'fro' in a timed step; did you mean 'for'?"]),
        ("steps: [{status: a, polls: 0}]", ["3:32: 'polls' must be greater than 0, not 0"]),
        ("steps: [{status: a, polls: 1, for: 1s}]", ["3:25: unknown key 'polls' in a timed step; one of: status, for"]),
        # Unions with a discriminating key.
        ("stream: {kind: txt}", ["3:20: 'kind' cannot be 'txt'; did you mean 'text'?"]),
        ("stream: {text: a}", ["3:13: missing key 'kind'"]),
        ("stream: {kind: text, txt: a}", ["3:26: unknown key 'txt' in a text; did you mean 'text'?"]),
        (
            "stream: {kind: table, rows: [[a], [1]]}",
            ["3:40: an item of 'rows' must be a string, not 1; put it in quotes"],
        ),
        ("stream: a", ["3:13: 'stream' must be a mapping, not 'a'"]),
    ],
)
def test_errors_about_the_values_of_a_rule(text: str, messages: list[str]) -> None:
    assert errors_in_rule(text) == messages


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["1:1: a scenario must be a mapping, not null"]),
        ("- a", ["1:1: a scenario must be a mapping, not a list"]),
        ("scenario: a", ["1:11: 'scenario' must have at least 2 characters"]),
        (
            "mode: rael",
            ["1:1: missing key 'scenario' in a scenario", "1:7: 'mode' cannot be 'rael'; did you mean 'real'?"],
        ),
        ("scenario: ab\nmode: [real]", ["2:7: 'mode' cannot be a list; one of: real, scaled"]),
        ("scenario: ab\nseed: 10", ["2:7: 'seed' must be less than or equal to 9, not 10"]),
        ("scenario: ab\nshare: half", ["2:8: 'share' must be a number, not 'half'"]),
        ("scenario: ab\nloud: maybe", ["2:7: 'loud' must be true or false, not 'maybe'"]),
        ("scenario: ab\nkeys: {A: 1}", ["2:8: the key 'A' must match pattern '^[a-z]+$'"]),
        ("scenario: ab\nkeys: {a: x}", ["2:11: 'a' must be a whole number, not 'x'"]),
        ("scenario: ab\naccount: 5", ["2:10: 'account' must be a string, not 5; put it in quotes"]),
        ("scenario: ab\naccounts: [5]", ["2:12: an item of 'accounts' must be a string, not 5; put it in quotes"]),
        ("scenario: ab\nacount: a", ["2:1: unknown key 'acount' in a scenario; did you mean 'account'?"]),
        ("scenario: ab\npair: [a, b]", ["2:8: an item of 'pair' must be a whole number, not 'a'"]),
        ("scenario: ab\npair: [1]", ["2:7: 'pair' has too few items"]),
        ("scenario: ab\nshaped: {kind: hung}", ["2:16: 'kind' cannot be 'hung'; did you mean 'hang'?"]),
        ("scenario: ab\nshaped: [{kind: hung}]", ["2:17: 'kind' cannot be 'hung'; did you mean 'hang'?"]),
        ("scenario: ab\nnested: {status: a}", ["2:9: missing key 'for' in a timed step"]),
        (
            "scenario: ab\nnested: []",
            ["2:9: 'nested' must be a whole number or a mapping or true or false, not a list"],
        ),
    ],
)
def test_errors_about_the_values_of_a_scenario(text: str, messages: list[str]) -> None:
    assert errors_of(text) == messages


def test_all_errors_are_reported_in_the_order_of_the_text() -> None:
    text = """\
seed: lots
rules:
  - nmae: first
    nth: x
  - operaton: any
  - operation: any
    zzz: 1
scenario: ab
"""
    known = "operation, name, nth, fault, faults, steps, stream, when, pace, headers"
    assert errors_of(text) == [
        "1:7: 'seed' must be a whole number, not 'lots'",
        "3:5: unknown key 'nmae' in a rule; did you mean 'name'? (and missing key 'operation' in a rule)",
        "4:10: 'nth' must be a whole number, not 'x'",
        "5:5: unknown key 'operaton' in a rule; did you mean 'operation'?",
        f"7:5: unknown key 'zzz' in a rule; one of: {known}",
    ]


def test_a_key_can_have_the_name_of_a_member_of_a_union() -> None:
    text = "when: {str: {equals: []}, Condition: {Condition: 1}}"
    assert [message.split(": ", 1)[1][:40] for message in errors_in_rule(text)] == [
        "'equals' must be a string or a whole num",
        "unknown key 'Condition' in a condition o",
    ]


def test_errors_of_data_without_a_text_give_a_path() -> None:
    data = {"scenario": "ab", "rules": [{"operaton": "any", "pace": "x", "when": {"body.x": 3}}]}
    with pytest.raises(SourceErrors) as caught:
        validate(Scenario, Document.of(data, "request"))
    assert str(caught.value).splitlines() == [
        "request: rules.0.operaton: unknown key 'operaton' in a rule; did you mean 'operation'?",
        "request: rules.0.when.'body.x': 'body.x' must be a string or a mapping, not 3; put it in quotes",
        "request: rules.0.pace: expected a duration such as 15s, got 'x'",
    ]


def test_errors_of_reshaped_data_are_reported_at_the_enclosing_value() -> None:
    class Short(Strict):
        fault: Fault

        @model_validator(mode="before")
        @classmethod
        def _spelled_out(cls, data: Any) -> Any:
            return {"fault": {"kind": data["fail"]}}

    with pytest.raises(SourceErrors) as caught:
        load(Short, "fail: hung", "f.yaml")
    assert str(caught.value) == "f.yaml:1:1: the document cannot be 'hung'; did you mean 'hang'?"


def test_errors_print_twenty_lines_and_can_be_pickled() -> None:
    with pytest.raises(SourceErrors) as caught:
        load(Scenario, "scenario: ab\n" + "".join(f"wrong{n}: 1\n" for n in range(3000)), "f.yaml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("f.yaml:2:1: unknown key 'wrong0' in a scenario; one of: scenario, rules, mode")
    assert lines[20] == "and 2980 more"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


WORDS = (
    "scenario rules mode seed keys shaped nested pair accounts operation name nth fault faults steps stream when pace "
    "headers kind text rows status for polls hang reset 15s forever str int Fault list [key] 5 []"
)
PIECES = st.sampled_from(WORDS.split())
DATA = st.recursive(
    PIECES | st.integers() | st.none() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PIECES, inner, max_size=6),
    max_leaves=30,
)


# Half as many examples as by default, because the data takes long to make and to validate.
@settings(max_examples=50)
@given(DATA | st.fixed_dictionaries({"scenario": st.just("ab"), "rules": st.lists(st.dictionaries(PIECES, DATA))}))
def test_every_place_in_the_data_has_at_most_one_error(data: Any) -> None:
    document = Document.of(data, "request")
    try:
        Scenario.model_validate(data)
    except ValidationError as error:
        errors = explain(error, document, Scenario)
        assert errors
        assert len({one.path for one in errors}) == len(errors)
        for one in errors:
            at = data
            for part in one.path:
                at = at[part]


def test_explain_returns_errors_with_position_path_and_suggestion() -> None:
    document = parse("scenario: 5", "f.yaml")
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(document.data)
    (error,) = explain(caught.value, document, Scenario)
    assert (error.line, error.column, error.path) == (1, 11, ("scenario",))
    assert error.suggestion == "put it in quotes"
