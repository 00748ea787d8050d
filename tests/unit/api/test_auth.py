from collections.abc import Mapping
from pathlib import Path

import pytest

from api.api_settings import ApiSettings, TokenSettings
from api.auth import needed
from collector.vocabulary.errors import PermanentError
from mining.live.knowledge import Knowledge
from tests.integration.api import serving
from tests.integration.api.client import TestClient
from tests.unit.api.conftest import TOKENS

PROCESS = "/api/v1/processes/order"


def bearer(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[role]}"}


@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz", "/openapi.json", "/api/v1/processes", "/nope"])
def test_off_loopback_everything_wants_a_token(guarded: TestClient, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["status"] == 401
    assert guarded.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get(path, headers=bearer("viewer")).status_code == (404 if path == "/nope" else 200)


def test_alive_needs_no_token(guarded: TestClient) -> None:
    assert guarded.get("/healthz").text == "ok\n"


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/api/v1/processes", "viewer"),
        ("GET", "/metrics", "viewer"),
        ("GET", "/healthz", None),
        ("GET", "/login", None),
        ("POST", "/login", None),
        ("PATCH", "/api/v1/findings/x", "operator"),
        ("POST", "/api/v1/changes", "operator"),
        ("POST", "/findings/x", "operator"),
        ("DELETE", "/anything", "operator"),
        ("GET", "/api/v1/operations", "admin"),
    ],
)
def test_what_each_path_needs(method: str, path: str, role: str | None) -> None:
    assert needed(method, path) == role


@pytest.mark.parametrize(
    ("method", "path", "least"),
    [
        ("GET", f"{PROCESS}/report", "viewer"),
        ("POST", "/api/v1/changes", "operator"),
        ("GET", f"{PROCESS}/handovers?by=actor", "manager"),
        ("GET", f"{PROCESS}/report?by=actor", "manager"),
        ("GET", "/api/v1/operations", "admin"),
    ],
)
def test_roles_rise(guarded: TestClient, method: str, path: str, least: str) -> None:
    ranks = list(TOKENS)
    for role in ranks:
        body = {"system": "erp"} if method == "POST" else None
        answer = guarded.request(method, path, headers=bearer(role), json=body)
        allowed = ranks.index(role) >= ranks.index(least)
        assert answer.is_success == allowed, (role, answer.text)
        assert allowed or answer.status_code == 403


def test_single_persons_are_for_managers(guarded: TestClient) -> None:
    page = "/processes/order/roles"
    assert "courier 1" not in guarded.get(page, headers=bearer("operator")).text
    assert "courier 1" in guarded.get(page, headers=bearer("manager")).text


def test_a_browser_signs_in_and_out(guarded: TestClient) -> None:
    html = {"Accept": "text/html"}
    asked = guarded.get("/processes/order?paths=1", headers=html, follow_redirects=False)
    assert asked.status_code == 303
    assert asked.headers["location"] == "/login?next=%2Fprocesses%2Forder%3Fpaths%3D1"
    wrong = guarded.post("/login", data={"token": "nonsense"}, headers=html)
    assert wrong.status_code == 403
    assert "This token is not known" in wrong.text
    done = guarded.post("/login", data={"token": TOKENS["viewer"], "next": "/processes/order"}, follow_redirects=False)
    assert done.status_code == 303
    assert done.headers["location"] == "/processes/order"
    cookie = done.headers["set-cookie"]
    assert TOKENS["viewer"] not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    page = guarded.get("/processes/order", headers=html)
    assert page.status_code == 200
    assert "viewer li" in page.text
    assert guarded.post("/logout", follow_redirects=False).headers["location"] == "/login"
    guarded.cookies.clear()


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_leads_nowhere_else(guarded: TestClient, target: str) -> None:
    done = guarded.post("/login", data={"token": TOKENS["viewer"], "next": target}, follow_redirects=False)
    assert done.headers["location"] == "/"
    guarded.cookies.clear()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}, 404),
        ({}, 404),
    ],
)
def test_writes_from_other_sites_are_refused(client: TestClient, headers: Mapping[str, str], status: int) -> None:
    answer = client.patch("/api/v1/findings/none", json={"status": "muted"}, headers=dict(headers))
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8480", 200),
        ("localhost", 200),
        ("[::1]:1", 200),
        ("evil.example", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_foreign_host_names_are_refused_on_loopback(client: TestClient, host: str, status: int) -> None:
    answer = client.get("/api/v1/processes", headers={"Host": host})
    assert answer.status_code == status


def test_pages_allow_nothing_from_elsewhere(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "houtai.example"])
def test_no_start_off_loopback_without_tokens(tmp_path: Path, host: str) -> None:
    with pytest.raises(PermanentError, match=r"api\.tokens"):
        serving.application(tmp_path, lambda _: Knowledge(), ApiSettings(host=host))


def test_tokens_are_checked() -> None:
    token = {"token": "0123456789abcdef"}
    with pytest.raises(ValueError, match="same name"):
        ApiSettings.model_validate({"tokens": [{"name": "a", **token}, {"name": "a", "token": "f" * 20}]})
    with pytest.raises(ValueError, match="same token"):
        ApiSettings.model_validate({"tokens": [{"name": "a", **token}, {"name": "b", **token}]})
    with pytest.raises(ValueError, match="at least 16"):
        ApiSettings.model_validate({"tokens": [{"name": "a", "token": "short"}]})
    assert "0123456789abcdef" not in repr(TokenSettings.model_validate({"name": "a", **token}))
