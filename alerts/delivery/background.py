"""Delivery beside the miner: a slow or dead receiver must not hold up a round."""

import threading
from collections.abc import Mapping

from alerts.delivery.deliverer import Deliverer
from mining.live.knowledge import Snapshot


class Background:
    """Hands the newest round to a Deliverer in a thread of its own; rounds it has no time for are left out."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._wake = threading.Condition()
        self._next: tuple[Mapping[str, Snapshot], int] | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def round(self, snapshots: Mapping[str, Snapshot], now: int) -> None:
        """As Deliverer.round, at once."""
        with self._wake:
            held = self._next[0] if self._next else {}
            self._next = ({**held, **snapshots}, now)
            self._wake.notify()

    def close(self) -> None:
        """Finish the round that waits, then stop."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join()
        self._deliverer.close()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next is not None or self._stopped)
                if self._next is None:
                    return
                (snapshots, now), self._next = self._next, None
            self._deliverer.round(snapshots, now)
