"""Settings of the API and the pages: where they are served and who may look."""

from ipaddress import ip_address
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from collector.settings import Section

Role = Literal["viewer", "operator", "manager", "admin"]


class TokenSettings(Section):
    """One token; whoever shows it is known by `name` and may do what `role` may."""

    name: str = Field(min_length=1, description="who it is, as the record of operations tells")
    token: SecretStr = Field(min_length=16, description="the secret itself")
    role: Role = "viewer"


class ApiSettings(Section):
    """Where API and pages are served, and the tokens that open them."""

    host: str = "127.0.0.1"
    port: int = Field(default=8480, ge=0, le=65535, description="API, pages, /metrics, /healthz, /readyz")
    tokens: tuple[TokenSettings, ...] = Field(
        default=(), description="none: open on loopback, and refused anywhere else"
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="further names by which a browser may ask on loopback (behind a proxy, say)"
    )

    @field_validator("tokens")
    @classmethod
    def _told_apart(cls, tokens: tuple[TokenSettings, ...]) -> tuple[TokenSettings, ...]:
        for what, values in (
            ("name", [token.name for token in tokens]),
            ("token", [token.token.get_secret_value() for token in tokens]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"two tokens have the same {what}")
        return tokens

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the port."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
