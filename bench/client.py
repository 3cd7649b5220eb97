"""A light HTTP client for what `wrk` cannot do: streams, constant arrival rates, whole answers.

One thread over blocking sockets and `select` (its time-outs are exact, `epoll`'s whole
milliseconds). It knows just enough of HTTP to see where an answer ends.
"""

import re
import select
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"^[^{]*\r\nconnection: *close", re.IGNORECASE)
TOKENS = re.compile(rb'"completion_tokens": ?(\d+)')
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Answer:
    """One answer and when its parts came; times are of `time.perf_counter()`.

    Args:
        due: When its request should have been sent.
        arrivals: When each part that was read came.
        data: Head and body as they came, chunk marks included.
    """

    due: float
    arrivals: list[float] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    @property
    def status(self) -> int:
        """HTTP status."""
        return int(self.data[9:12])

    @property
    def is_last(self) -> bool:
        """Whether the server said that it closes the connection."""
        return CLOSES.search(self.data) is not None

    @property
    def body(self) -> bytes:
        """Everything after the head."""
        return bytes(self.data.partition(b"\r\n\r\n")[2])

    @property
    def duration_s(self) -> float:
        """Seconds to the last part."""
        return self.arrivals[-1] - self.due

    @property
    def first_s(self) -> float:
        """Seconds to the first part."""
        return self.arrivals[0] - self.due

    @property
    def gaps_s(self) -> list[float]:
        """Seconds between parts."""
        pairs = zip(self.arrivals, self.arrivals[1:], strict=False)
        return [later - earlier for earlier, later in pairs]

    @property
    def num_tokens(self) -> int:
        """Tokens that its usage tells, 0 if it tells none."""
        found = TOKENS.findall(self.data)
        return int(found[-1]) if found else 0

    def is_complete(self) -> bool:
        """Whether its end is there."""
        head_end = self.data.find(b"\r\n\r\n")
        if head_end < 0:
            return False
        length = LENGTH.search(self.data, 0, head_end)
        if length is None:
            return self.data.endswith(LAST_CHUNK, head_end + 4)
        return len(self.data) >= head_end + 4 + int(length[1])


class Connection:
    """One connection, opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        """Connect with the first request."""
        self._port = port
        self._sock: socket.socket | None = None
        self.answer = Answer(0.0)

    def fileno(self) -> int:
        """Return the socket's number, for `select`."""
        assert self._sock is not None, "nothing was sent yet"
        return self._sock.fileno()

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self.answer = Answer(due)
        if self._sock is None:
            self._sock = socket.create_connection(("127.0.0.1", self._port))
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(request)

    def receive(self) -> bool:
        """Read what has come; return whether the answer is complete.

        Raises:
            ConnectionError: If the server closed in the middle of it.
        """
        assert self._sock is not None, "nothing was sent yet"
        data = self._sock.recv(1 << 16)
        if not data:
            raise ConnectionError(f"the server closed after {bytes(self.answer.data[:200])!r}")
        self.answer.arrivals.append(time.perf_counter())
        self.answer.data += data
        if not self.answer.is_complete():
            return False
        if self.answer.is_last:
            self.close()
        return True

    def close(self) -> None:
        """Close it."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def ask_all(port: int, requests: Iterable[bytes], clients: int) -> Iterator[tuple[int, Answer]]:
    """Send requests over so many connections, each the next as soon as it is free.

    Yields:
        A request's number and its answer, as they are complete.
    """
    waiting = enumerate(requests)
    numbers: dict[Connection, int] = {}
    free = [Connection(port) for _ in range(clients)]
    everyone = list(free)
    try:
        while True:
            while free and (following := next(waiting, None)) is not None:
                connection = free.pop()
                numbers[connection] = following[0]
                connection.send(following[1], time.perf_counter())
            if not numbers:
                return
            for connection in select.select(list(numbers), [], [])[0]:
                if connection.receive():
                    free.append(connection)
                    yield numbers.pop(connection), connection.answer
    finally:
        for connection in everyone:
            connection.close()


def ask_at_rate(
    port: int, requests: Sequence[bytes], *, rate: float, seconds: float, connections: int
) -> Iterator[Answer]:
    """Send requests at even intervals, whether earlier ones are answered or not.

    A request that finds no connection free waits for one; its time runs from when it was due.

    Args:
        port: Where on loopback.
        requests: Sent in turn.
        rate: Requests per second.
        seconds: How long to send.
        connections: At most so many requests at once.
    """
    started = time.perf_counter()
    total, sent = int(rate * seconds), 0
    free = [Connection(port) for _ in range(connections)]
    everyone, busy = list(free), set[Connection]()
    try:
        while sent < total or busy:
            now = time.perf_counter()
            while sent < total and free and started + sent / rate <= now:
                connection = free.pop()
                connection.send(requests[sent % len(requests)], started + sent / rate)
                busy.add(connection)
                sent += 1
            can_send = sent < total and free
            wait_s = max(0.0, started + sent / rate - now) if can_send else None
            for connection in select.select(busy, [], [], wait_s)[0]:
                if connection.receive():
                    busy.remove(connection)
                    free.append(connection)
                    yield connection.answer
    finally:
        for connection in everyone:
            connection.close()
