"""Stoppages and who is caught in them: pure functions over an arena."""
