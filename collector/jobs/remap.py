"""The last step of `houtai remap`: derive what came in meanwhile, then swap.

The command has derived nearly everything in `data/staging/<name>` before it asks.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.jobs.job_kind import Done, Tell, Workshop
from collector.jobs.queue import Job
from collector.remapping.history import Plan
from collector.settings import MappingSettings, ProcessSettings
from collector.store.store import Store
from collector.vocabulary.errors import PermanentError, RetryableError

STATE = "remap"
"""State: JSON of the last one that counts: `job`, `at` (s), `before` and `after` are told by its result."""


def arguments(
    data: Path,
    name: str,
    mapping: MappingSettings,
    processes: Mapping[str, ProcessSettings],
    chosen: Plan,
    since: int | None,
    generation: int,
) -> dict[str, Any]:
    """What to ask the job with; `generation` as it was before anything was read."""
    return {
        "staging": name,
        "mapping": mapping.model_dump(mode="json"),
        "processes": {key: each.model_dump(mode="json") for key, each in processes.items()},
        "start": chosen.start,
        "switch": chosen.switch,
        "since": since,
        "generation": generation,
    }


class Remap:
    """Arguments: see `arguments`."""

    name = "remap"

    def ready(self, job: Job, shop: Workshop) -> bool:
        """At any time between two rounds."""
        return True

    def run(self, job: Job, shop: Workshop, tell: Tell) -> Done:
        """Catch up and swap; gives how many events there were `before` and `after`."""
        from collector.remapping import Staging, swap

        told = job.arguments
        mapping = MappingSettings.model_validate(told["mapping"])
        processes = {key: ProcessSettings.model_validate(each) for key, each in told["processes"].items()}
        last = json.loads(Store(shop.data).state(STATE).get(STATE, "{}"))
        if last.get("job") == job.id:
            # It counted, and then we were killed.
            return Done(last["result"], reopen=True, mapping=mapping, processes=processes)
        folder = shop.data / "staging" / str(told["staging"])
        if not (folder / "manifest.sqlite").exists():
            raise RetryableError("what was derived is gone (an erasure came between); run it again")
        if Store(shop.data).generation() != told["generation"]:
            raise RetryableError("what is kept was changed meanwhile (an erasure); run it again")
        chosen = Plan(int(told["start"]), int(told["switch"]))
        target = shop.manifest.position
        staging = Staging(shop.data, folder, mapping, processes, chosen, shop.archive)
        try:
            staging.run(lambda position: tell("catch up", position, target))
            staging.skip_to(target)
            reached = staging.position
        finally:
            staging.close()
        if reached != target and not (shop.archive is None or reached < chosen.start):
            raise PermanentError(f"only {reached} of {target} positions could be derived again")
        result: dict[str, Any] = {"position": target}
        state = {STATE: json.dumps({"job": job.id, "at": time.time(), "result": result})}
        result |= swap(shop.manifest, shop.data, folder, chosen, told["since"], state)
        return Done(result, reopen=True, mapping=mapping, processes=processes)
