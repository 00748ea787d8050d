"""Starlette's test client; its word on a successor of httpx, which the lock does not have, is left unheard."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

__all__ = ["TestClient"]
