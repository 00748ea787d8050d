"""The process that runs pm4py's inductive miner; `mining.discovery.miner` starts, asks and kills it.

One JSON line in: `{"variants": [[[activity, ..], cases], ..], "noise": 0..1, "shares": [0..1, ..], "seconds": box}`,
most frequent variants first. Lines out: `{"ready": true}` once; then for each question a model per share as it is
done, `{"tree", "variants", "cases"}`, then `{"fits": cases or null}` where there was time, and `{"done": true}`.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, TextIO

from mining.discovery.fits import fitting
from mining.discovery.tree import read_tree

FITTING: Final = 0.1
"""Part of the time that is kept for counting the cases that the model allows."""
QUICK: Final = 1 / 6
"""Part of the time left that a model may take for a share to be passed over."""
FEW: Final = 50
"""Variants below which what a model took says nothing about the next one."""


def main() -> None:
    """Answer questions from standard input until it ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever the library prints (banner, progress) must not get between the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGALRM, _over)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        _import()
        _say(out, {"ready": True})
        for line in sys.stdin:
            _answer(json.loads(line), out)


def _import() -> None:
    """Two of the three seconds of a first answer; done before anything is asked."""
    import pm4py.algo.discovery.inductive.variants.imf  # noqa: F401


def _answer(asked: dict[str, Any], out: TextIO) -> None:
    variants = [(tuple(path), int(cases)) for path, cases in asked["variants"]]
    seconds = float(asked["seconds"])
    begun = time.monotonic()
    found = _largest(variants, asked, begun + (1 - FITTING) * seconds, out)
    with contextlib.suppress(_TimeIsOver), _no_later_than(begun + seconds):
        fits = None if found is None else fitting(read_tree(found), [path for path, _ in variants])
        counted = None if fits is None else sum(c for (_, c), fit in zip(variants, fits, strict=True) if fit)
        _say(out, {"fits": counted})
    _say(out, {"done": True})


def _largest(
    variants: Sequence[tuple[tuple[str, ...], int]], asked: dict[str, Any], until: float, out: TextIO
) -> dict[str, object] | None:
    """Say a model for a share after the other, as long as there is time; the last one.

    While a model takes little of the time that is left, every second share is passed over: mining grows with it, and
    the time for all the small ones is better spent on a large one.
    """
    total = sum(cases for _, cases in variants)
    found, last, used, cases, place = None, 0, 0, 0, 0
    shares = asked["shares"]
    with contextlib.suppress(_TimeIsOver):
        while place < len(shares):
            while used < len(variants) and cases < shares[place] * total - 1e-9:
                cases += variants[used][1]
                used += 1
            begun = time.monotonic()
            if used != last:
                with _no_later_than(until):
                    found = _mine(dict(variants[:used]), float(asked["noise"]))
                last = used
                _say(out, {"tree": found, "variants": used, "cases": cases})
            now = time.monotonic()
            quick = last >= FEW and now - begun < QUICK * (until - now)
            place = min(place + 2, len(shares) - 1) if quick and place < len(shares) - 1 else place + 1
    return found


class _TimeIsOver(BaseException):
    """Not an Exception: nothing on the way up may take it for one of its own."""


@contextlib.contextmanager
def _no_later_than(until: float) -> Iterator[None]:
    """Break off what is inside at `until`, so that this process can take the next question.

    What does not come back to Python in time is killed from outside.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise _TimeIsOver
    signal.setitimer(signal.ITIMER_REAL, left)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _over(_signal: int, _frame: object) -> None:
    raise _TimeIsOver


def _mine(variants: dict[tuple[str, ...], int], noise: float) -> dict[str, object]:
    from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
    from pm4py.algo.discovery.inductive.variants.im import IMUVCL
    from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL
    from pm4py.objects.process_tree.utils import generic

    settings = {"noise_threshold": noise, "multiprocessing": False}
    miner = IMFUVCL(settings) if noise > 0 else IMUVCL(settings)
    tree = generic.fold(miner.apply(IMDataStructureUVCL(Counter(variants)), settings))
    generic.tree_sort(tree)
    return _document(tree)


def _document(tree: Any) -> dict[str, object]:
    if tree.operator is None:
        return {"activity": tree.label}
    names = {"->": "sequence", "X": "exclusive", "+": "parallel", "O": "inclusive", "*": "loop"}
    children = [_document(child) for child in tree.children]
    return {"operator": names[tree.operator.value], "children": children}


def _say(out: TextIO, answer: dict[str, object]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
