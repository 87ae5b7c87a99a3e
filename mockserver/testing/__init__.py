"""Using mockserver from tests: a handle for one sandbox, and the types of its values.

The pytest fixture `mockserver` needs no import. These names are for annotations, and for use without pytest.
"""

from mockserver.testing.accounts import Account
from mockserver.testing.callback_server import Answer
from mockserver.testing.deliveries import Deliveries, Delivery
from mockserver.testing.errors import MockServerError
from mockserver.testing.expectations import Expectation
from mockserver.testing.handle import MockServer
from mockserver.testing.interception import Interception
from mockserver.testing.jobs import Job, Jobs
from mockserver.testing.receiver import Received, Receiver
from mockserver.testing.requests import Missed, Request
from mockserver.testing.time import SandboxClock
from mockserver.testing.values import Attempt, Webhook

__all__ = [
    "Account",
    "Answer",
    "Attempt",
    "Deliveries",
    "Delivery",
    "Expectation",
    "Interception",
    "Job",
    "Jobs",
    "Missed",
    "MockServer",
    "MockServerError",
    "Received",
    "Receiver",
    "Request",
    "SandboxClock",
    "Webhook",
]
