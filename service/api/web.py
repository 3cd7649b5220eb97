"""The page at `/` and its files: read once, served from memory with strict headers.

Programs that ask for `/` (curl, for one) get the list of routes as plain text instead.
"""

import hashlib
import mimetypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from service.api.errors import RouteNotFound
from service.api.reply import Headers, Reply
from service.api.request import Request

WEB_DIR = Path(__file__).resolve().parent.parent / "web"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS: Headers = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
)
TEXT_TYPES = ("text/", "image/svg", "application/javascript", "application/json")


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file of the page: its bytes, media type and the tag of this very content."""

    body: bytes
    content_type: str
    etag: str


def read_files(folder: Path) -> dict[str, WebFile]:
    """Read every file under `folder`; keys are paths relative to it, with slashes."""
    return {
        path.relative_to(folder).as_posix(): read_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def file_endpoint(files: dict[str, WebFile]) -> Callable[[Request], Reply]:
    """Make the endpoint of `/static/<path>`."""

    def static(request: Request) -> Reply:
        file = files.get(request.params["path"])
        if file is None:
            raise RouteNotFound("there is no such file under /static/")
        return file_reply(file, request)

    return static


def index_endpoint(files: dict[str, WebFile], routes: Iterable[str]) -> Callable[[Request], Reply]:
    """Make the endpoint of `/`.

    Args:
        files: The page's files, `index.html` among them.
        routes: One line a route, for those who do not ask for HTML.
    """
    text = "Recurrent networks over HTTP. Routes:\n\n" + "\n".join(routes) + "\n"
    listing = WebFile(text.encode(), "text/plain; charset=utf-8", etag_of(text.encode()))

    def index(request: Request) -> Reply:
        wants_html = "text/html" in request.header("Accept")
        file = files["index.html"] if wants_html else listing
        reply = file_reply(file, request)
        reply.headers += (("Vary", "Accept"),)
        return reply

    return index


def read_file(path: Path) -> WebFile:
    """Read one file."""
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith(TEXT_TYPES) else ""
    return WebFile(body, kind + charset, etag_of(body))


def etag_of(body: bytes) -> str:
    """Return the tag of this very content."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def file_reply(file: WebFile, request: Request) -> Reply:
    """Answer with a file, or that it has not changed since it was fetched."""
    headers = (("ETag", file.etag), *SECURITY_HEADERS)
    if file.etag in request.header("If-None-Match"):
        return Reply(b"", 304, file.content_type, headers)
    return Reply(file.body, 200, file.content_type, headers)
