"""How many calls may still be made to a service that limits them."""

import threading
from collections import deque
from datetime import datetime, timedelta


class Allowance:
    """At most `most` calls within any `span`; safe for many threads."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = most
        self._span = span
        self._lock = threading.Lock()
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> bool:
        """Whether a call may be made now; then it counts as made."""
        with self._lock:
            # A moment later than now is from before the clock was set back.
            while self._taken and not timedelta() <= now - self._taken[0] < self._span:
                self._taken.popleft()
            if len(self._taken) >= self._most:
                return False
            self._taken.append(now)
            return True
