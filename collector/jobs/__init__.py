"""Work on what is kept already, done by the store's one writer between two rounds: an erasure, a new mapping."""

from collector.jobs.queue import Job, ask, pending, progress, result

__all__ = ["Job", "ask", "pending", "progress", "result"]
