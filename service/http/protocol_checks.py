"""What HTTP/1.1 forbids and gunicorn's parser lets through, and the words for what both refuse."""

from collections.abc import Iterable

from gunicorn.http import errors as http_errors

from service.api.errors import INVALID, Problem

HTTP_1_1 = (1, 1)


class NoHost(http_errors.ParseException):  # type: ignore[misc]
    """A request says HTTP/1.1 and names no host (RFC 9112, section 3.2)."""

    def __str__(self) -> str:
        """Say what to do."""
        return "the request has no Host header, which HTTP/1.1 asks for; send one"


def check_head(version: tuple[int, int], headers: Iterable[tuple[str, str]]) -> None:
    """Look at a request's head, its names in capitals.

    Raises:
        NoHost: It names no host.
        UnsupportedTransferCoding: Its body is packed for the way, which nobody here unpacks (RFC
            9112, section 6.1).
    """
    has_host = version < HTTP_1_1
    for name, value in headers:
        has_host = has_host or name == "HOST"
        if name == "TRANSFER-ENCODING" and value.strip().lower() != "chunked":
            raise http_errors.UnsupportedTransferCoding(value)
    if not has_host:
        raise NoHost


def problem_below(exc: BaseException) -> Problem | None:
    """Look up what to answer to bytes that are no request; None where the server itself failed."""
    if isinstance(exc, http_errors.LimitRequestLine):
        return Problem(414, "the path is too long", INVALID, None, "path_too_long")
    if isinstance(exc, http_errors.LimitRequestHeaders):
        message = "the headers are too large or too many; send fewer or shorter ones"
        return Problem(431, message, INVALID, None, "headers_too_large")
    if isinstance(exc, http_errors.UnsupportedTransferCoding):
        message = "the transfer encoding is unknown; send chunked or a content length"
        return Problem(501, message, INVALID, None, "unsupported_transfer")
    if isinstance(exc, http_errors.ExpectationFailed):
        message = "the Expect header asks for something unknown; send 100-continue or none"
        return Problem(417, message, INVALID, None, "expectation_failed")
    if isinstance(exc, NoHost):
        return Problem(400, str(exc), INVALID, None, "invalid_http")
    if isinstance(exc, http_errors.InvalidRequestLine):  # the fast parser stops at 256 headers
        message = "the bytes sent are no HTTP/1.1 request, or one with hundreds of headers"
        return Problem(400, message, INVALID, None, "invalid_http")
    if isinstance(exc, http_errors.ParseException):
        message = f"the bytes sent are no HTTP/1.1 request: {str(exc)[:200]}"
        return Problem(400, message, INVALID, None, "invalid_http")
    return None
