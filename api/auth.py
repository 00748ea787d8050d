"""Who may do what: the one place where it is decided, in front of everything else."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.api_settings import ApiSettings, Role, TokenSettings
from api.problems import HEADERS, body, wants_page
from collector.vocabulary.errors import PermanentError

COOKIE: Final = "houtai_session"
RANKS: Final[tuple[Role, ...]] = ("viewer", "operator", "manager", "admin")
OPEN_PATHS: Final = ("/healthz", "/login")
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Identity:
    """Who asks, as the record of operations names them."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether their role is `role` or above."""
        return RANKS.index(self.role) >= RANKS.index(role)


LOCAL: Final = Identity("local", "admin")


def identity(request: HTTPConnection) -> Identity:
    """Who asks, as the middleware found out."""
    found = request.scope["identity"]
    assert isinstance(found, Identity)
    return found


def needed(method: str, path: str) -> Role | None:
    """The least role that may ask this; None where anybody may."""
    if path in OPEN_PATHS or path.startswith("/static/"):
        return None
    if path.startswith("/api/v1/operations"):
        return "admin"
    return "viewer" if method in SAFE_METHODS or path == "/logout" else "operator"


def session(token: TokenSettings) -> str:
    """What a browser keeps for a token: it opens the same doors, and the token can't be read from it."""
    return hmac.new(token.token.get_secret_value().encode(), b"houtai session", hashlib.sha256).hexdigest()


def find(tokens: Sequence[TokenSettings], shown: str | None, cookie: str | None) -> TokenSettings | None:
    """The token that was shown itself or by its session; every token is compared in constant time."""
    found: TokenSettings | None = None
    for token in tokens:
        secret = token.token.get_secret_value().encode()
        by_token = shown is not None and hmac.compare_digest(shown.encode(), secret)
        by_cookie = cookie is not None and hmac.compare_digest(cookie.encode(), session(token).encode())
        if by_token or by_cookie:
            found = token
    return found


class Guard:
    """ASGI middleware: asks for a token, refuses foreign hosts and origins, adds the headers of safe pages."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        if not settings.loopback and not settings.tokens:
            raise PermanentError(
                f"api.tokens: {settings.host} can be reached from outside, so at least one token is needed there"
            )
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through or answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in present]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await with_headers(message)

        refusal = self._refuse(scope)
        if scope["method"] == "HEAD":
            # Whatever answers GET answers HEAD: probes and load balancers ask that way.
            await (refusal or self._app)({**scope, "method": "GET"}, receive, without_body)
            return
        await (refusal or self._app)(scope, receive, with_headers)

    def _refuse(self, scope: Scope) -> Response | None:
        """The answer to whoever may not ask this; None, and `scope["identity"]` set, for whoever may."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        scope["identity"] = Identity("nobody", "viewer")
        role = needed(method, path)
        if self._settings.loopback and path != "/healthz" and not self._known_host(headers.get("host", "")):
            return _problem(421, "this host name is not served here (api.allowed_hosts)")
        bearer = _bearer(headers)
        if method not in SAFE_METHODS and bearer is None and not _same_origin(headers):
            return _problem(403, "this came from another site's page")
        if not self._settings.tokens:
            scope["identity"] = LOCAL
            return None
        token = find(self._settings.tokens, bearer, _cookie(headers))
        if token is not None:
            scope["identity"] = Identity(token.name, token.role)
        if role is None:
            return None
        if token is None:
            if wants_page(path, headers.get("accept", "")) and method in SAFE_METHODS:
                query = scope.get("query_string", b"").decode("latin-1")
                back = quote(path + (f"?{query}" if query else ""), safe="")
                return RedirectResponse(f"/login?next={back}", 303)
            return _problem(401, "a token is needed: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})
        if not Identity(token.name, token.role).may(role):
            return _problem(403, f"this needs the role {role}")
        return None

    def _known_host(self, host: str) -> bool:
        """Against DNS rebinding: a page elsewhere whose name points here is not let in."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name in {"localhost", "127.0.0.1", "::1", self._settings.host, *self._settings.allowed_hosts}


def _bearer(headers: Headers) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _cookie(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _same_origin(headers: Headers) -> bool:
    """Whether a write comes from a page of ours, or from no page at all."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return Response(body(status, detail), status, headers, media_type="application/problem+json")
