"""Declared rules: how they are stated, and which events keep and break them."""
