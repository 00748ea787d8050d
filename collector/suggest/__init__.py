"""Proposes a mapping from raw spans, and says how well a mapping fits them."""
