"""What the collector forgot by the rules of `retention` goes on the record of operations."""

import json

from api.operations import Operations, Value
from collector.store import Store
from collector.store.retention import FORGOTTEN

WHO = "collector"
WHAT = "retention.forgotten"


class Forgetting:
    """Follows the store's word of what was forgotten; what stands on the record already is not written again."""

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store, self._operations = store, operations
        self._recorded: dict[str, int] = {}

    def take(self) -> None:
        """Record what is new."""
        for name, told in self._store.state(FORGOTTEN).items():
            what, now = name.removeprefix(FORGOTTEN), dict(json.loads(told))
            if what not in self._recorded:
                known = self._operations.of(f"{FORGOTTEN}{what}", 1)
                self._recorded[what] = int((known[0].after or {}).get("times") or 0) if known else 0
            if int(now["times"]) <= self._recorded[what]:
                continue
            after: dict[str, Value] = {key: now[key] for key in ("why", "total_rows", "total_bytes", "times")}
            self._operations.record(WHO, WHAT, f"{FORGOTTEN}{what}", None, after)
            self._recorded[what] = int(now["times"])
