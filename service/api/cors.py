"""Pages of other origins that browsers may let ask here (cross-origin resource sharing).

Browsers ask first (a preflight) and hide what an answer does not share; who calls without a browser
is not held by any of this, nor kept out. No cookie is taken here, so credentials mean the
`Authorization` header alone. Spec: Fetch, https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import re

from service.api.reply import Reply
from service.api.request import Environ, Request

ALL = "*"
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}  # which browsers leave out
METHODS = "GET, HEAD, POST"
HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4096}")
USUAL_HEADERS = "Authorization, Content-Type, X-Request-Id"
EXPOSED = (
    "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Server-Timing, X-Should-Retry, X-Ignored-Fields, Inference-Header-Content-Length"
)
MAX_AGE_S = 600  # for which a browser need not ask again

HeaderList = list[tuple[str, str]]


class OriginsError(Exception):
    """The origins cannot be used; the message says which, and what one looks like."""


class Cors:
    """Tells browsers which pages may read answers.

    Args:
        origins: Separated by commas, or "*" for all.

    Raises:
        OriginsError: One of them is no origin.
    """

    def __init__(self, origins: str) -> None:
        names = [one.strip() for one in origins.split(",")]
        self._allows_all = names == [ALL]
        self._origins = frozenset(() if self._allows_all else map(_checked, names))

    def headers(self, environ: Environ) -> HeaderList:
        """Return the headers that an answer to this request must have, whatever it is."""
        if self._allows_all:
            return [
                ("Access-Control-Allow-Origin", ALL),
                ("Access-Control-Expose-Headers", EXPOSED),
            ]
        vary = ("Vary", "Origin")  # no cache may give one page's answer to another's
        if not self._allows(environ):
            return [vary]
        return [
            ("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]),
            ("Access-Control-Expose-Headers", EXPOSED),
            vary,
        ]

    def is_preflight(self, environ: Environ) -> bool:
        """Tell whether a browser asks here what a page that is allowed may send."""
        return (
            environ["REQUEST_METHOD"] == "OPTIONS"
            and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
            and self._allows(environ)
        )

    def _allows(self, environ: Environ) -> bool:
        origin = environ.get("HTTP_ORIGIN")
        return origin is not None and (self._allows_all or origin in self._origins)


def answer_preflight(request: Request) -> Reply:
    """Answer that any header may be sent: none of them gives a page what its user does not have."""
    asked = request.header("Access-Control-Request-Headers")
    headers = asked if HEADER_NAMES.fullmatch(asked) else USUAL_HEADERS
    return Reply(
        b"",
        204,
        headers=(
            ("Access-Control-Allow-Methods", METHODS),
            ("Access-Control-Allow-Headers", headers),
            ("Access-Control-Max-Age", str(MAX_AGE_S)),
            ("Vary", "Access-Control-Request-Headers"),
        ),
    )


def _checked(origin: str) -> str:
    """Return an origin as browsers write it."""
    written = origin.lower()
    if ORIGIN.fullmatch(written) is None:
        raise OriginsError(
            f"CORS_ORIGINS has {origin!r}: write origins with commas between them, each a scheme, "
            "a host and perhaps a port, such as https://app.example or http://localhost:3000, and "
            "nothing after that; or * alone for all"
        )
    return written.removesuffix(DEFAULT_PORTS.get(written.partition(":")[0], ""))
