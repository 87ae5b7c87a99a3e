"""The contract of the Store protocol: what every store keeps to, wherever it keeps its state.

A store passes by saying how one is opened, twice: for the promises one by one, and for jobs held against a model.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_store(self) -> OpenStore:
            return my_store

    class MyJobs(JobMachine):
        def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
            return my_store(bounds)

    TestMyJobs = MyJobs.TestCase

Nothing here asks whether two values are the same Python object: what comes out need only equal what went in.
"""

from tests.store_contract.clearing import ClearingContract
from tests.store_contract.credits import CreditsContract
from tests.store_contract.deliveries import DeliveriesContract
from tests.store_contract.job_lists import JobListsContract
from tests.store_contract.job_machine import JobMachine
from tests.store_contract.jobs import JobsContract
from tests.store_contract.journal import JournalContract
from tests.store_contract.limits import LimitsContract
from tests.store_contract.promise import OpenStore
from tests.store_contract.values import ValuesContract

__all__ = ["JobMachine", "OpenStore", "StoreContract"]


class StoreContract(
    JobsContract,
    JobListsContract,
    LimitsContract,
    CreditsContract,
    ValuesContract,
    DeliveriesContract,
    JournalContract,
    ClearingContract,
):
    """Every promise of the Store protocol."""
