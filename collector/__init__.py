"""The outside comes in and is kept: receivers, write-ahead log, mapping, event store."""
