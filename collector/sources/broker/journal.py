"""Which of the broker's messages have which event id, so that one that is sent again after a crash is known again."""

import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from collector.sources.broker.messages import Message
from collector.wal.folder import sync_folder

KEPT: Final = 400
"""Acknowledgements arrive in order, and so many messages are never under way at once."""


class Journal:
    """Ids of the newest messages by the broker's packet id, in a file that is safe before the events are.

    A packet id is used again for other messages, and equal messages may be meant: so only a message that the broker
    marks as sent again, with the number and content of one we know, is that one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: OrderedDict[int, tuple[str, str]] = OrderedDict()
        self.topics: tuple[str, ...] = ()
        """What the session at the broker is subscribed to."""
        try:
            kept = json.loads(path.read_text())
            self._ids.update({int(number): (str(digest), str(key)) for number, digest, key in kept["ids"]})
            self.topics = tuple(map(str, kept["topics"]))
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError, OSError):
            # It can be done without: a message under way at that moment may then be there twice.
            self._ids.clear()
        self._changed = False

    def id_of(self, message: Message) -> str:
        """The id of the message's event."""
        digest = message.digest
        if message.retained:
            return digest
        fresh = secrets.token_hex(16)
        if message.quality == 0:
            return fresh
        known = self._ids.get(message.number)
        if message.again and known is not None and known[0] == digest:
            return known[1]
        self._ids[message.number] = digest, fresh
        self._ids.move_to_end(message.number)
        while len(self._ids) > KEPT:
            self._ids.popitem(last=False)
        self._changed = True
        return fresh

    def subscribed(self, topics: Sequence[str]) -> None:
        """Note what the session is subscribed to."""
        self._changed |= tuple(topics) != self.topics
        self.topics = tuple(topics)

    def write(self) -> None:
        """Make it safe on disk, if anything is new. Raises OSError."""
        if not self._changed:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".fresh")
        content = {"topics": self.topics, "ids": [(number, *each) for number, each in self._ids.items()]}
        with fresh.open("w") as file:
            file.write(json.dumps(content))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync_folder(self._path.parent)
        self._changed = False
