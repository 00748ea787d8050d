"""What is compiled is told, what comes from the cache is not."""

import numba
import pytest

from api.terminal import compiling


def test_only_what_is_compiled_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = numba.njit(_double)
    kernel.py_func.__module__ = "mining.example"
    seen: list[tuple[int, int]] = []
    with compiling.told(lambda done, most: seen.append((done, most))):
        assert kernel(2) == 4
        assert kernel(3) == 6
    assert [done for done, _ in seen] == [0]
    assert all(most > done for done, most in seen)
    tell = compiling.on_stderr("zh-CN")
    tell(0, 7)
    tell(1, 7)
    assert capsys.readouterr().err == "正在一次性编译计算内核：0/7\n"


def _double(x: int) -> int:
    return 2 * x
