import subprocess
import sys

PROGRAM = """
import importlib, pkgutil
import mining.kernels, mining.summary
from numba.core.dispatcher import Dispatcher
from mining.config import ProcessConfig
from mining.filters import Filters, select
from mining.kernels.warm import warm_up
from mining.reporting import report
from tests.helpers import log

warm_up()
packages = (mining.kernels, mining.summary)
found = [f"{p.__name__}.{m.name}" for p in packages for m in pkgutil.iter_modules(p.__path__)]
modules = [importlib.import_module(name) for name in found]
loops = {(m.__name__, n): f for m in modules for n, f in vars(m).items() if isinstance(f, Dispatcher)}
before = {name: list(loop.signatures) for name, loop in loops.items()}
print({module for module, _ in loops} - {module for (module, _), signatures in before.items() if signatures})
arena = log("abc", "ab", roles={"a": "x", "b": "y"})
for some in (arena, select(arena, Filters(activity="c", min_share=0.1)), log()):
    report(some, ProcessConfig("test", "case"), 0)
print([name for name, loop in loops.items() if list(loop.signatures) != before[name]])
"""


def test_after_the_warm_up_nothing_is_left_to_compile() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=250, check=False)
    assert done.stdout.splitlines() == ["set()", "[]"], done.stderr
