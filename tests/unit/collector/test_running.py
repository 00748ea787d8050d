import subprocess
import sys

CODE = """
import atexit
from collector.running import leave
atexit.register(print, "taken apart")
print("last words", end="")
leave()
"""


def test_leaving_writes_what_was_said_and_takes_nothing_apart() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "last words", "")
