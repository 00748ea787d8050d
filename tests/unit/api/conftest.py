"""One application over a made-up shop for all tests here that change nothing in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.api_settings import ApiSettings, TokenSettings
from tests.integration.api import serving
from tests.integration.api.client import TestClient

TOKENS = {role: f"{role}-token-0123456789" for role in ("viewer", "operator", "manager", "admin")}


@pytest.fixture(autouse=True)
def _no_cookies(request: pytest.FixtureRequest) -> Iterator[None]:
    """The language that a page was asked for in one test is no other's."""
    yield
    for name in ("client", "guarded"):
        if name in request.fixturenames:
            request.getfixturevalue(name).cookies.clear()


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """On loopback, without tokens."""
    app = serving.application(tmp_path_factory.mktemp("open"), lambda register: serving.shop(register, 400))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Reachable from outside, with a token a role."""
    tokens = tuple(TokenSettings(name=f"{r} li", token=t, role=r) for r, t in TOKENS.items())  # type: ignore[arg-type]
    settings = ApiSettings(host="0.0.0.0", tokens=tokens)
    app = serving.application(tmp_path_factory.mktemp("guarded"), lambda register: serving.shop(register, 60), settings)
    with TestClient(app, base_url="http://houtai.example", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def own(tmp_path: Path) -> Iterator[TestClient]:
    """One that a test may change."""
    app = serving.application(tmp_path, lambda register: serving.shop(register, 200))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
