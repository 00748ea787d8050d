"""Says that kernels are being compiled: once on a machine, and then nobody hears of it again."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from collector.vocabulary.languages import Language, text

OURS: Final = ("mining.", "collector.")
Tell = Callable[[int, int], None]


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """While inside, call `tell` with how many kernels have been compiled, and of how many at most, as each begins.

    Kernels that come from numba's cache are not among them.
    """
    from numba.core import event

    class Listener(event.Listener):
        def __init__(self) -> None:
            self.done: set[object] = set()

        def on_start(self, compiled: Any) -> None:
            kernel = compiled.data["dispatcher"].py_func
            if kernel.__module__.startswith(OURS) and kernel not in self.done:
                tell(len(self.done), max(_kernels(), len(self.done) + 1))
                self.done.add(kernel)

        def on_end(self, _: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def _kernels() -> int:
    """How many kernels the modules loaded so far have."""
    from numba.core.dispatcher import Dispatcher

    modules = [module for name, module in list(sys.modules.items()) if name.startswith(OURS)]
    loops = (value for module in modules for value in list(vars(module).values()) if isinstance(value, Dispatcher))
    return len({id(loop) for loop in loops})


def on_stderr(language: Language) -> Tell:
    """A line on standard error: written over and over on a terminal, else written once."""
    terminal = sys.stderr.isatty()

    def tell(done: int, most: int) -> None:
        if terminal or not done:
            line = text(language, "compiling kernels once: {done} of {all}", done=done, all=most)
            sys.stderr.write(f"\r{line}" if terminal else f"{line}\n")
            sys.stderr.flush()

    return tell
