"""The scenario language as pydantic models. YAML files, Python objects and the control API are read with them.

The JSON Schema for editors is generated from them. `core.compile` turns a scenario into the program that runs.
"""

from mockserver.core.scenario.accounts import DEFAULT_SECRET, SECRET, AccountSpec, WebhookSpec
from mockserver.core.scenario.clock import ClockSpec
from mockserver.core.scenario.conditions import Condition, WindowSpec
from mockserver.core.scenario.counts import Counted
from mockserver.core.scenario.document import Scenario
from mockserver.core.scenario.faults import FaultSpec
from mockserver.core.scenario.outgoing import CallOutRuleSpec, TamperingSpec, WebhookRuleSpec
from mockserver.core.scenario.plans import PlanSpec, StepSpec
from mockserver.core.scenario.rules import RuleSpec
from mockserver.core.scenario.streams import PaceSpec, StreamSpec
from mockserver.core.scenario.values import CountedBy, DurationMs

__all__ = [
    "DEFAULT_SECRET",
    "SECRET",
    "AccountSpec",
    "CallOutRuleSpec",
    "ClockSpec",
    "Condition",
    "Counted",
    "CountedBy",
    "DurationMs",
    "FaultSpec",
    "PaceSpec",
    "PlanSpec",
    "RuleSpec",
    "Scenario",
    "StepSpec",
    "StreamSpec",
    "TamperingSpec",
    "WebhookRuleSpec",
    "WebhookSpec",
    "WindowSpec",
]
