"""Writes a file of this version of the store, which later versions must be able to open.

    python -m tests.stored_file tests/stores/v1.db

writes the file and, beside it, the essentials of what the control API shows of it as JSON. Keep the files of released
versions as they are: write a new pair for a new version of the schema (`store.sqlite.schema.VERSION`).
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.kept import Kept
from tests.test_persist import HOOKED, used, views


def essentials(shown: Any) -> Any:
    """Return what is kept, without what a later version may show in another way."""
    return {
        "jobs": [(each["id"], each["status"], each["steps"]) for each in shown["jobs"]["jobs"]],
        "journal": [
            (each["kind"], each["offset"], each.get("job"), each.get("path")) for each in shown["journal"]["entries"]
        ],
        "accounts": [
            (each["key"], each["credits"], [(e["kind"], e["amount"], e["reference"]) for e in each["ledger"]])
            for each in shown["accounts"]["accounts"]
        ],
        "deliveries": [(each["id"], each["outcome"]) for each in shown["deliveries"]["deliveries"]],
        "faults": [each["id"] for each in shown["faults"]["faults"]],
        "clock": shown["clock"]["milliseconds"],
        "scenario": shown["scenario"]["scenario"],
    }


async def write(file: Path) -> None:
    """Write the file and the JSON beside it."""
    async with Kept(file, **HOOKED) as server:
        await used(server)
        shown = {prefix: essentials(await views(server, prefix)) for prefix in ("", "/~ci")}
    file.with_suffix(".json").write_text(json.dumps(shown, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
