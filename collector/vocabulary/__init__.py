"""Words, types and errors that everybody shares. Imports nothing of ours."""
