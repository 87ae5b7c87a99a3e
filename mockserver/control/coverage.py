"""Control of coverage: what clients have met so far, in the whole server or in one sandbox."""

from mockserver.control.call import ControlCall, ControlError, no_content
from mockserver.coverage import saved
from mockserver.coverage.report import Report
from mockserver.providers.declarations import Reply
from mockserver.sandbox import Sandbox


async def show_coverage(call: ControlCall) -> Reply:
    """GET /_mock/coverage: of the whole server, thrown-away sandboxes included, or of ?sandbox=."""
    sandbox = _wanted(call)
    tally = call.sandboxes.tally() if sandbox is None else sandbox.tally
    report = Report.made([p.name for p in call.providers], call.ledger.rows, tally)
    return Reply(body=saved.data(report))


async def forget_coverage(call: ControlCall) -> Reply:
    """DELETE /_mock/coverage: count anew, in the whole server or in ?sandbox=."""
    sandbox = _wanted(call)
    if sandbox is None:
        call.sandboxes.forget_tally()
    else:
        sandbox.tally.clear()
    return no_content()


def _wanted(call: ControlCall) -> Sandbox | None:
    """The sandbox that the query names; None for all. Raises ControlError 404."""
    name = call.query.get("sandbox")
    found = None if name is None else call.sandboxes.get(name)
    if name is not None and found is None:
        raise ControlError(404, f"There is no sandbox named {name!r}")
    return found
