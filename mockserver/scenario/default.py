"""The scenario of `scenarios/default.yaml` as Python. Written by `make default`: change the YAML, not this file."""

from mockserver.core.durations import Span
from mockserver.core.scenario import AccountSpec, Condition, FaultSpec, PlanSpec, RuleSpec, Scenario, StepSpec

# The digest of the text that this was generated from. It is not valid for any other text.
DIGEST = "c2f7400df539e6ed19e0ba9bdc95a037a6b0ec19d7c4c328faf5d0a1443c89e7"


def scenario() -> Scenario:
    """Return the scenario, as reading the text would."""
    return Scenario.model_construct(
        scenario="default",
        description="The default scenario. Jobs succeed within seconds, those of NanoPhoto's videos and images after the time that they typically take, and limits are counted but far above what tests need. A magic word in a URL or a prompt makes that request behave differently; a status that it causes and that the page of a provider does not have is assumed.",
        seed=1,
        accounts=[
            AccountSpec.model_construct(key="*invalid*", refused=True),
            AccountSpec.model_construct(key="*INVALID*", refused=True),
            AccountSpec.model_construct(key="*free-*", plan="free", credits=25.0),
            AccountSpec.model_construct(key="*starter-*", plan="starter", credits=100.0),
            AccountSpec.model_construct(key="*basic-*", plan="basic", credits=100.0),
            AccountSpec.model_construct(key="*pro-*", plan="pro", credits=1000.0),
            AccountSpec.model_construct(key="*enterprise-*", plan="enterprise"),
            AccountSpec.model_construct(key="*broke-*", plan="pro", credits=0.0),
            AccountSpec.model_construct(
                key="*",
                plan="pro",
                limits={
                    "requests_per_minute": 10000000,
                    "requests_per_hour": 10000000,
                    "analyses_per_day": 10000000,
                    "calls_per_day": 10000000,
                },
            ),
        ],
        plans={
            "default": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=2000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=4000, spread=1000), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "fast": PlanSpec.model_construct(steps=[StepSpec.model_construct(status="succeeded")]),
            "slow": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=60000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=540000, spread=0), progress=(0, 99)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "fails": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=2000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=2000, spread=0), progress=(0, 40)),
                    StepSpec.model_construct(status="failed"),
                ]
            ),
            "never-starts": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=2000, spread=0)),
                    StepSpec.model_construct(status="failed"),
                ]
            ),
            "stuck-queued": PlanSpec.model_construct(steps=[StepSpec.model_construct(status="queued")]),
            "stuck-running": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=1000, spread=0)),
                    StepSpec.model_construct(status="running", progress=(42, 42)),
                ]
            ),
            "by-polls": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", polls=1),
                    StepSpec.model_construct(status="running", polls=2, progress=(0, 90)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "held": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", held=True),
                    StepSpec.model_construct(status="running", held=True, progress=(50, 50)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "nanophoto.sora_2": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=18000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=162000, spread=0), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "nanophoto.sora_2_tvc": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=24000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=216000, spread=0), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "nanophoto.nano_banana_pro": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=6000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=54000, spread=0), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "nanophoto.nano_banana_2": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=2000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=18000, spread=0), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "nanophoto.veo_3": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=15000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=135000, spread=0), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
            "nanophoto.seedance_1_5_pro": PlanSpec.model_construct(
                steps=[
                    StepSpec.model_construct(status="queued", lasts=Span(base=12000, spread=0)),
                    StepSpec.model_construct(status="running", lasts=Span(base=108000, spread=0), progress=(0, 95)),
                    StepSpec.model_construct(status="succeeded"),
                ]
            ),
        },
        rules=[
            RuleSpec.model_construct(
                name="magic mock-fast",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-fast")},
                plan="fast",
            ),
            RuleSpec.model_construct(
                name="magic mock-slow",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-slow")},
                plan="slow",
            ),
            RuleSpec.model_construct(
                name="magic mock-fail",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-fail")},
                plan="fails",
            ),
            RuleSpec.model_construct(
                name="magic mock-never-starts",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-never-starts")},
                plan="never-starts",
            ),
            RuleSpec.model_construct(
                name="magic mock-stuck-queued",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-stuck-queued")},
                plan="stuck-queued",
            ),
            RuleSpec.model_construct(
                name="magic mock-stuck",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-stuck")},
                plan="stuck-running",
            ),
            RuleSpec.model_construct(
                name="magic mock-polls",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-polls")},
                plan="by-polls",
            ),
            RuleSpec.model_construct(
                name="magic mock-held",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-held")},
                plan="held",
            ),
            RuleSpec.model_construct(
                name="magic mock-invalid",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-invalid")},
                fault=FaultSpec.model_construct(kind="invalid_request"),
            ),
            RuleSpec.model_construct(
                name="magic mock-unauthorized",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-unauthorized")},
                fault=FaultSpec.model_construct(kind="unauthorized"),
            ),
            RuleSpec.model_construct(
                name="magic mock-no-credits",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-no-credits")},
                fault=FaultSpec.model_construct(kind="insufficient_credits"),
            ),
            RuleSpec.model_construct(
                name="magic mock-forbidden",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-forbidden")},
                fault=FaultSpec.model_construct(kind="forbidden"),
            ),
            RuleSpec.model_construct(
                name="magic mock-not-found",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-not-found")},
                fault=FaultSpec.model_construct(kind="not_found"),
            ),
            RuleSpec.model_construct(
                name="magic mock-rate-limited",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-rate-limited")},
                fault=FaultSpec.model_construct(kind="rate_limited", retry_after=20000),
            ),
            RuleSpec.model_construct(
                name="magic mock-server-error",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-server-error")},
                fault=FaultSpec.model_construct(kind="server_error"),
            ),
            RuleSpec.model_construct(
                name="magic mock-overloaded",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-overloaded")},
                fault=FaultSpec.model_construct(kind="overloaded", retry_after=5000),
            ),
            RuleSpec.model_construct(
                name="magic mock-latency",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-latency")},
                fault=FaultSpec.model_construct(kind="latency", lasts=Span(base=3000, spread=0)),
            ),
            RuleSpec.model_construct(
                name="magic mock-hang",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-hang")},
                fault=FaultSpec.model_construct(kind="hang"),
            ),
            RuleSpec.model_construct(
                name="magic mock-reset",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-reset")},
                fault=FaultSpec.model_construct(kind="reset"),
            ),
            RuleSpec.model_construct(
                name="magic mock-lost-reply",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-lost-reply")},
                fault=FaultSpec.model_construct(kind="reset", phase="after_commit"),
            ),
            RuleSpec.model_construct(
                name="magic mock-empty-reply",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-empty-reply")},
                fault=FaultSpec.model_construct(kind="empty_reply"),
            ),
            RuleSpec.model_construct(
                name="magic mock-truncate",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-truncate")},
                fault=FaultSpec.model_construct(kind="truncate", at=0.6),
            ),
            RuleSpec.model_construct(
                name="magic mock-garble",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-garble")},
                fault=FaultSpec.model_construct(kind="garble", at=0.3),
            ),
            RuleSpec.model_construct(
                name="magic mock-stall",
                operation=["*"],
                when={"input": Condition.model_construct(contains="mock-stall")},
                fault=FaultSpec.model_construct(kind="stall", at=0.6),
            ),
            RuleSpec.model_construct(
                name="magic mock-download-failed",
                operation=["nanophoto.reverse_prompt"],
                when={"input": Condition.model_construct(contains="mock-download-failed")},
                fault=FaultSpec.model_construct(kind="nanophoto: VIDEO_DOWNLOAD_FAILED"),
            ),
            RuleSpec.model_construct(
                name="magic mock-processing-failed",
                operation=["nanophoto.reverse_prompt"],
                when={"input": Condition.model_construct(contains="mock-processing-failed")},
                fault=FaultSpec.model_construct(kind="nanophoto: VIDEO_PROCESSING_FAILED"),
            ),
            RuleSpec.model_construct(
                name="magic mock-ai-error",
                operation=["nanophoto.reverse_prompt"],
                when={"input": Condition.model_construct(contains="mock-ai-error")},
                fault=FaultSpec.model_construct(kind="nanophoto: AI_SERVICE_ERROR"),
            ),
        ],
    )
