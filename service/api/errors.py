"""Errors on their way out: the faults of a request itself, and the one table to HTTP.

RequestError (a ServiceError)
├── BodyNotJson           the body cannot be parsed
├── BodyUnreadable        the body breaks off, or cannot be unpacked
├── SchemaError           it is JSON, but not what the route takes
├── BodyTooLarge          the body is over its limit, as sent or once unpacked
├── TextTooLong           one text is over its limit
├── BodyTooSlow           the body did not arrive in time
├── UnsupportedContent    a content type or encoding that the route does not read
├── NotOverHttp           it can be done, but not by a caller
├── InvalidKey            no API key, or a wrong one
├── TooMany               this caller asks too much; trying again later makes sense
│   ├── RateExceeded      too often
│   └── TooManyAtOnce     too many requests at the same time
├── RouteNotFound         nothing is at this path
└── MethodNotAllowed      the path takes other methods
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic_core import to_json

from service import errors
from service.api.reply import Headers

INVALID = "invalid_request_error"
SERVER = "server_error"
LIMIT = "rate_limit_error"

# For clients (OpenAI's, for one) that try every 5xx again: the same would come of it.
NO_RETRY: Headers = (("X-Should-Retry", "false"),)

BAD_REQUEST: Mapping[str, int] = dict.fromkeys(
    ("invalid_value", "missing_field", "unknown_field", "unsupported_field", "wrong_task"), 400
)
"""For protocols that know no 422, by code."""


class RequestError(errors.ServiceError):
    """Base of the faults that are found before the engine is asked.

    Args:
        message: What to say, see `ServiceError`.
        param: The field at fault.
        headers: Headers that the answer must have.
    """

    def __init__(self, message: str, *, param: str | None = None, headers: Headers = ()) -> None:
        super().__init__(message, param=param)
        self.headers = headers


class BodyNotJson(RequestError):
    """The body is empty, not JSON or not UTF-8."""


class BodyUnreadable(RequestError):
    """The body breaks off, is chunked wrongly or cannot be unpacked."""


class SchemaError(RequestError):
    """The body is JSON, but a field is missing, unknown or not what it may be.

    Args:
        message: What to say, see `ServiceError`.
        param: The field at fault.
        code: "missing_field", "unknown_field", "unsupported_field" or "invalid_value".
    """

    def __init__(self, message: str, *, param: str | None, code: str = "invalid_value") -> None:
        super().__init__(message, param=param)
        self.code = code


class BodyTooLarge(RequestError):
    """The body is longer than `max_body_bytes`, as sent or once unpacked."""


class TextTooLong(RequestError):
    """A text is longer than `max_text_chars`."""


class BodyTooSlow(RequestError):
    """The body did not arrive within `client_timeout_s`."""


class UnsupportedContent(RequestError):
    """The route does not read this content type or content encoding."""


class NotOverHttp(RequestError):
    """What is asked for is done on the service's own machine, not over HTTP."""


class InvalidKey(RequestError):
    """API keys are needed here, and the request has none or a wrong one."""


class TooMany(RequestError):
    """The caller asks for more than it may.

    Args:
        message: What to say, see `ServiceError`.
        retry_after_s: Seconds after which it may ask again.
        headers: Headers that the answer must have.
    """

    def __init__(self, message: str, *, retry_after_s: float, headers: Headers = ()) -> None:
        seconds = max(1, math.ceil(retry_after_s))
        super().__init__(message, headers=(("Retry-After", str(seconds)), *headers))


class RateExceeded(TooMany):
    """The caller's rate limit is reached."""


class TooManyAtOnce(TooMany):
    """As many of the caller's requests as may be are being answered."""


class RouteNotFound(RequestError):
    """Nothing is at this path."""


class MethodNotAllowed(RequestError):
    """The path exists, but takes other methods."""


class Kind(NamedTuple):
    """How a class of errors looks over HTTP: status, and OpenAI's `type` and `code`."""

    status: int
    type: str
    code: str


KINDS: dict[type[errors.ServiceError], Kind] = {
    errors.ServiceError: Kind(500, SERVER, "internal_error"),
    errors.InvalidInput: Kind(422, INVALID, "invalid_value"),
    errors.StateMismatch: Kind(409, INVALID, "state_mismatch"),
    errors.WrongTask: Kind(422, INVALID, "wrong_task"),
    errors.ModelNotFound: Kind(404, INVALID, "model_not_found"),
    errors.PictureNotFound: Kind(404, INVALID, "picture_not_found"),
    errors.NotReady: Kind(503, SERVER, "not_ready"),
    errors.QueueFull: Kind(503, SERVER, "queue_full"),
    errors.DeadlineExceeded: Kind(504, SERVER, "deadline_exceeded"),
    errors.Cancelled: Kind(499, INVALID, "cancelled"),
    errors.EngineFailure: Kind(500, SERVER, "engine_failure"),
    RequestError: Kind(400, INVALID, "invalid_request"),
    BodyNotJson: Kind(400, INVALID, "invalid_json"),
    BodyUnreadable: Kind(400, INVALID, "unreadable_body"),
    SchemaError: Kind(422, INVALID, "invalid_value"),
    BodyTooLarge: Kind(413, INVALID, "body_too_large"),
    TextTooLong: Kind(413, INVALID, "text_too_long"),
    BodyTooSlow: Kind(408, INVALID, "body_too_slow"),
    UnsupportedContent: Kind(415, INVALID, "unsupported_content"),
    NotOverHttp: Kind(403, INVALID, "not_over_http"),
    InvalidKey: Kind(401, INVALID, "invalid_api_key"),
    TooMany: Kind(429, LIMIT, "too_many_requests"),
    RateExceeded: Kind(429, LIMIT, "rate_limit_exceeded"),
    TooManyAtOnce: Kind(429, LIMIT, "too_many_at_once"),
    RouteNotFound: Kind(404, INVALID, "route_not_found"),
    MethodNotAllowed: Kind(405, INVALID, "method_not_allowed"),
}


class Problem(NamedTuple):
    """An error as it is told to the caller, whatever the shape of the protocol."""

    status: int
    message: str
    type: str
    param: str | None
    code: str
    headers: Headers = ()


ErrorBody = Callable[[Problem], bytes]


def problem_of(exc: Exception) -> Problem:
    """Look `exc` up in the table; what is not a `ServiceError` is our fault and not told."""
    if not isinstance(exc, errors.ServiceError):
        message = "the service failed on this request; its log tells more under the request's id"
        return Problem(500, message, SERVER, None, "internal_error", NO_RETRY)
    kind = next(KINDS[cls] for cls in type(exc).__mro__ if cls in KINDS)
    code = getattr(exc, "code", kind.code)
    return Problem(kind.status, exc.message, kind.type, exc.param, code, _headers(exc, kind.status))


def openai_body(problem: Problem) -> bytes:
    """Shape an error as OpenAI does, and as every route but those of `/v2` answers."""
    return to_json(
        {
            "error": {
                "message": problem.message,
                "type": problem.type,
                "param": problem.param,
                "code": problem.code,
            }
        }
    )


def inference_protocol_body(problem: Problem) -> bytes:
    """Shape an error as the Open Inference Protocol does: `{"error": "text"}`."""
    return to_json({"error": problem.message})


def text_inference_body(problem: Problem) -> bytes:
    """Shape an error as Hugging Face's text servers do: `{"error": "text", "error_type": …}`."""
    fault_of_ours = "overloaded" if problem.status in (429, 503) else "backend"
    kind = "validation" if problem.type == INVALID else fault_of_ours
    return to_json({"error": problem.message, "error_type": kind})


def generation_inference_body(problem: Problem) -> bytes:
    """Shape an error as text-generation-inference does, with its own kinds of faults."""
    if problem.type == INVALID:
        kind = "validation"
    elif problem.status in (429, 503):
        kind = "overloaded"
    else:
        is_model_s = problem.code == "engine_failure"
        kind = "generation" if is_model_s else "incomplete_generation"
    return to_json({"error": problem.message, "error_type": kind})


def _headers(exc: errors.ServiceError, status: int) -> Headers:
    """Tell the headers that the status asks for."""
    if isinstance(exc, RequestError):
        return exc.headers
    if status in (429, 503):
        return (("Retry-After", str(max(1, math.ceil(exc.retry_after_s or 1)))),)
    return NO_RETRY if status >= 500 else ()
