"""What is known of a request once it is answered: what logs and metrics are made of."""

import time
from dataclasses import dataclass
from typing import Any

from service.engine.types import Timing


@dataclass(slots=True)
class RequestRecord:
    """One request's story, filled in while it is served; never holds a user's text.

    Args:
        request_id: The caller's own id, or one made here.
        method: HTTP method.
        route: The route's rule, such as "/v1/models/<id>", or "unmatched".
        started: `time.monotonic()` value of its arrival.
        status: HTTP status of the answer; of a stream, the one it began with.
        reason: The error's code, where it failed (also in the middle of a stream).
        error_status: HTTP status of that error, also where a stream had begun with another one.
        key_name: Name of the API key it was sent with.
        model: Name of the model that answered.
        version: Its version.
        queue_s: Seconds spent waiting for the model.
        compute_s: Seconds in the model.
        answered_s: Seconds from arrival to the model's answer.
        batch_size: Rows computed together with it.
        num_rows: Texts classified or answers written.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        first_token_s: Seconds from arrival to the first piece of a stream, if there was one.
        held_bytes: Bytes of its body that are counted as held.
        caller: Whose it is where limits are kept, once that was looked up.
        has_place: Whether it takes one of its caller's places for open requests.
        trace_context: OpenTelemetry's context of the caller's trace, where traces are made.
        headers: Further headers of the answer.
        duration_s: Seconds from arrival to the last byte handed over.
    """

    request_id: str
    method: str
    route: str
    started: float
    status: int = 0
    reason: str | None = None
    error_status: int = 0
    key_name: str | None = None
    model: str | None = None
    version: int | None = None
    queue_s: float = 0.0
    compute_s: float = 0.0
    answered_s: float = 0.0
    batch_size: int = 0
    num_rows: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token_s: float | None = None
    held_bytes: int = 0
    caller: str | None = None
    has_place: bool = False
    trace_context: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    duration_s: float = 0.0

    def note_times(self, timing: Timing) -> None:
        """Note where the time up to the model's answer went; of several answers the longest."""
        self.answered_s = time.monotonic() - self.started
        self.queue_s = max(self.queue_s, timing.queue_s)
        self.compute_s = max(self.compute_s, timing.compute_s)
        self.batch_size = max(self.batch_size, timing.batch_size)
