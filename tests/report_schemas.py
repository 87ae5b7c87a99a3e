"""What SARIF 2.1.0 and JUnit allow in the reports that mockserver writes, as JSON Schema and as tables.

Written from the OASIS specification of SARIF 2.1.0 (sections in the comments) and what GitHub's code scanning asks for,
and from the schema junit-10.xsd of Jenkins (jenkinsci/xunit-plugin). Only what is listed may occur, which is less than
these allow. The published schemas are not here, because their files belong to other projects.
"""

import xml.etree.ElementTree as ET
from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = {"type": "object", "properties": {"text": _TEXT}, "required": ["text"], "additionalProperties": False}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_RULE = {  # 3.49 reportingDescriptor
    "type": "object",
    "properties": {
        "id": _TEXT,
        "shortDescription": _MESSAGE,
        "fullDescription": _MESSAGE,
        "help": _MESSAGE,
        "defaultConfiguration": {"type": "object", "properties": {"level": _LEVEL}, "additionalProperties": False},
    },
    # The standard asks only for `id`.
    "required": ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "additionalProperties": False,
}
_FILE = {  # 3.29 physicalLocation
    "type": "object",
    "properties": {
        "artifactLocation": {
            "type": "object",
            "properties": {"uri": {"type": "string", "pattern": "^[^/ :][^ :]*$"}},
            "required": ["uri"],
            "additionalProperties": False,
        },
        "region": {
            "type": "object",
            "properties": {"startLine": {"type": "integer", "minimum": 1}},
            "required": ["startLine"],
            "additionalProperties": False,
        },
    },
    "required": ["artifactLocation", "region"],
    "additionalProperties": False,
}
_PLACE = {  # 3.33 logicalLocation
    "type": "object",
    "properties": {"name": _TEXT, "fullyQualifiedName": _TEXT, "kind": {"enum": ["function", "resource"]}},
    "additionalProperties": False,
}
_RESULT = {  # 3.27 result
    "type": "object",
    "properties": {
        "ruleId": _TEXT,
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": _LEVEL,
        "message": _MESSAGE,
        "locations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "physicalLocation": _FILE,
                    "logicalLocations": {"type": "array", "items": _PLACE, "minItems": 1},
                },
                "required": ["physicalLocation"],
                "additionalProperties": False,
            },
            "minItems": 1,
        },
        "partialFingerprints": {"type": "object", "additionalProperties": _TEXT},
        "properties": {"type": "object"},
    },
    "required": ["ruleId", "level", "message", "locations", "partialFingerprints"],
    "additionalProperties": False,
}
_INVOCATION = {  # 3.20 invocation, 3.58 notification
    "type": "object",
    "properties": {
        "executionSuccessful": {"type": "boolean"},
        "toolExecutionNotifications": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"level": _LEVEL, "message": _MESSAGE},
                "required": ["message"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["executionSuccessful"],
    "additionalProperties": False,
}
_DRIVER = {  # 3.19 toolComponent
    "type": "object",
    "properties": {"name": _TEXT, "version": _TEXT, "rules": {"type": "array", "items": _RULE, "uniqueItems": True}},
    "required": ["name"],
    "additionalProperties": False,
}
_RUN = {  # 3.14 run
    "type": "object",
    "properties": {
        "tool": {
            "type": "object",
            "properties": {"driver": _DRIVER},
            "required": ["driver"],
            "additionalProperties": False,
        },
        "invocations": {"type": "array", "items": _INVOCATION},
        "results": {"type": "array", "items": _RESULT},
    },
    "required": ["tool"],
    "additionalProperties": False,
}
SARIF: dict[str, Any] = {  # 3.13 sarifLog
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": _RUN},
    },
    "required": ["version", "runs"],
    "additionalProperties": False,
}

# The attributes and the children of each element: those that it must have, and all that it can have, in this order.
_ELEMENTS: dict[str, tuple[set[str], set[str], tuple[str, ...]]] = {
    "testsuites": ({"tests", "failures", "errors"}, {"name", "time"}, ("testsuite",)),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time"},
        ("properties", "testcase", "system-out"),
    ),
    "properties": (set(), set(), ("property",)),
    "property": ({"name", "value"}, set(), ()),
    "testcase": ({"name", "classname"}, {"time"}, ("skipped", "error", "failure", "system-out")),
    "failure": (set(), {"message", "type"}, ()),
    "error": (set(), {"message", "type"}, ()),
    "skipped": (set(), {"message", "type"}, ()),
    "system-out": (set(), set(), ()),
}


def check_junit(text: str) -> ET.Element:
    """Return the root of a JUnit document. Raises AssertionError if an element is not allowed, or a sum is wrong."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional, children = _ELEMENTS[element.tag]
        assert required <= set(element.keys()) <= required | optional, element.tag
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places), element.tag
    for suite in root.iter("testsuite"):
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        for name in ("failure", "error"):
            assert int(suite.attrib[f"{name}s"]) == sum(case.find(name) is not None for case in cases)
    for name in ("tests", "failures", "errors"):
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    return root
