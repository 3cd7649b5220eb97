"""Who may ask, and how often: API keys, rates and requests at the same time.

Guards run before a request's body is read. They refuse by raising; what they learn goes into the
request's record.
"""

import base64
import binascii
import ipaddress
import logging
import math
from functools import lru_cache

from service.api.errors import InvalidKey, RateExceeded, TooManyAtOnce
from service.api.reply import Headers
from service.api.request import Request
from service.auth import Keyring
from service.observability.request_record import RequestRecord
from service.rate_limits import Rates, Unreachable

logger = logging.getLogger(__name__)

BEARER = "Bearer "
REALM = 'realm="rnn-service"'
IPV6_SITE_BITS = 64  # what one customer gets: its addresses are one caller


class KeyGuard:
    """Lets in who has a key: `Authorization: Bearer KEY`.

    A browser that opens the page sends none by itself; it is asked for one by its own dialog
    (`Basic`), where the key is the password and the name does not matter.

    Args:
        keyring: The keys.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def __call__(self, request: Request) -> None:
        """Note the key's name.

        Raises:
            InvalidKey: There is no key, or a wrong one.
        """
        sent = request.environ.get("HTTP_AUTHORIZATION", "")
        key = key_in(sent)
        name = None if key is None else self._keyring.name_of(key)
        if name is None:
            raise InvalidKey(
                "this API key is not known here"
                if sent
                else "an API key is needed; send it as Authorization: Bearer KEY",
                headers=_challenge(request, is_wrong=bool(sent)),
            )
        request.record.key_name = name
        request.record.caller = f"key {name}"


class RateGuard:
    """Refuses callers that ask too often.

    While requests cannot be counted (Redis is away) they are let through, and the log says so.

    Args:
        rates: The limits.
        trusts_proxy: Whether the caller's address is the one that our own proxy reports.
    """

    def __init__(self, rates: Rates, *, trusts_proxy: bool) -> None:
        self._rates = rates
        self._trusts_proxy = trusts_proxy
        self._is_counting = True

    def __call__(self, request: Request) -> None:
        """Count the request, and note where its caller stands for the answer's headers.

        Raises:
            RateExceeded: It is one too many.
        """
        record = request.record
        caller = record.caller or caller_of(request, trusts_proxy=self._trusts_proxy)
        try:
            limit, left, reset_s = self._rates.hit(caller)
        except Unreachable as exc:
            if self._is_counting:
                logger.error("rates are not limited for now: %s", exc)
            self._is_counting = False
            return
        if not self._is_counting:
            logger.warning("rates are limited again")
            self._is_counting = True
        headers = (
            _limit_header(limit.amount),
            ("RateLimit-Remaining", str(left) if left >= 0 else "0"),
            _reset_header(math.ceil(reset_s)),
        )
        if left < 0:
            raise RateExceeded(
                f"{limit.amount} requests in {limit.window_s} s are allowed; the next one in "
                f"{reset_s:.1f} s",
                retry_after_s=reset_s,
                headers=headers,
            )
        record.headers += headers


class PlaceGuard:
    """Refuses callers that have too many requests open in this worker at the same time.

    Args:
        max_at_once: Requests of one caller.
        trusts_proxy: See `RateGuard`.
    """

    def __init__(self, max_at_once: int, *, trusts_proxy: bool) -> None:
        self._max_at_once = max_at_once
        self._trusts_proxy = trusts_proxy
        self._open: dict[str, int] = {}

    def __call__(self, request: Request) -> None:
        """Take a place, which `release` gives back.

        Raises:
            TooManyAtOnce: There is none left.
        """
        record = request.record
        caller = record.caller or caller_of(request, trusts_proxy=self._trusts_proxy)
        num_open = self._open.get(caller, 0)
        if num_open >= self._max_at_once:
            raise TooManyAtOnce(
                f"{num_open} of your requests are open already, at most {self._max_at_once} are "
                "allowed at the same time; wait for one to end",
                retry_after_s=1,
            )
        self._open[caller] = num_open + 1
        record.has_place = True

    def release(self, record: RequestRecord) -> None:
        """Give back the place of an answered request, if it has one; an observer."""
        if not record.has_place or record.caller is None:
            return
        left = self._open[record.caller] - 1
        if left:
            self._open[record.caller] = left
        else:
            del self._open[record.caller]


LIMITS = (RateGuard, PlaceGuard)
"""The guards that ask how much a caller asks for, rather than who it is."""

# draft-ietf-httpapi-ratelimit-headers-06


@lru_cache(maxsize=64)
def _limit_header(amount: int) -> tuple[str, str]:
    return "RateLimit-Limit", str(amount)


@lru_cache(maxsize=4096)
def _reset_header(seconds: int) -> tuple[str, str]:
    return "RateLimit-Reset", str(seconds)


def key_in(authorization: str) -> str | None:
    """Return the key that an `Authorization` header carries, or None."""
    if authorization.startswith(BEARER):  # as nearly all write it
        return authorization[len(BEARER) :].strip() or None
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password or None


def caller_of(request: Request, *, trusts_proxy: bool) -> str:
    """Note what stands for the caller of a request without a key, its address, and return it."""
    chain = request.header("X-Forwarded-For") if trusts_proxy else ""
    # The last address is the proxy's own word.
    address = chain.rpartition(",")[2].strip() or str(request.environ.get("REMOTE_ADDR", ""))
    request.record.caller = caller = site_of(address)
    return caller


@lru_cache(maxsize=1024)
def site_of(address: str) -> str:
    """Return an IPv4 address, or the network that an IPv6 address belongs to."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_SITE_BITS), strict=False))


def _challenge(request: Request, *, is_wrong: bool) -> Headers:
    if "text/html" in request.header("Accept"):
        return (("WWW-Authenticate", f'Basic {REALM}, charset="UTF-8"'),)
    error = ', error="invalid_token"' if is_wrong else ""
    return (("WWW-Authenticate", f"Bearer {REALM}{error}"),)
