"""Ids that stay the same over runs and machines."""

import hashlib


def stable_id(*parts: str) -> str:
    """A 16-digit hex id of `parts`; the same parts give the same id in every process and version."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "little"))
        digest.update(raw)
    return digest.hexdigest()
