"""The last lines that server and workers said, for those who look at the canvas.

Invariant: bounded; what is said while a line is being told, by the telling itself, is kept and
not told, so that no line makes another.
"""

import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

MOST_LINES = 300

#: One line: ``t`` is when it was said (ISO 8601), ``m`` the text, ``level`` how grave it is.
Line = dict[str, str]


class Logs(logging.Handler):
    """Keeps what is logged.

    Attributes:
        tell: hears of each line.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._telling = False
        self.tell: Callable[[Line], None] = lambda line: None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        line = {"t": at, "m": self.format(record) + "\n", "level": record.levelname.lower()}
        self._lines.append(line)
        if not self._telling:
            self._telling = True
            try:
                self.tell(line)
            finally:
                self._telling = False

    def lines(self) -> list[Line]:
        """What was said last, the oldest first."""
        return list(self._lines)
