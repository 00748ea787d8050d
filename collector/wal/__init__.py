"""Write-ahead log of request bodies as they came in: synced to disk before the sender hears that they are safe."""

from collector.wal.reader import WalReader
from collector.wal.record import Encoding, Record, Signal
from collector.wal.writer import WalWriter

__all__ = ["Encoding", "Record", "Signal", "WalReader", "WalWriter"]
