"""The page at `/` and its files: read once, served from memory with strict headers.

The page has a panel for each folder of `panels/`, put together here when the files are read:

    panels/NAME/panel.html  the inside of the panel's section; its first line names the tab and its
                            place among the others: <!-- title: Sentiment; place: 10 -->
    panels/NAME/panel.js    the module that runs it, see `main.js`
    panels/NAME/panel.css   if it needs one

What a panel is for, nothing here knows.

Programs that ask for `/` (curl, for one) get the list of routes as plain text instead.
"""

import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
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
PANEL_FILE = re.compile(r"panels/([a-z][a-z0-9-]*)/panel\.html")
TABINDEX = ' tabindex="-1"'  # arrow keys reach the tabs that are not selected
PANEL_HEAD = re.compile(r"<!-- title: (?P<title>.+?); place: (?P<place>\d+) -->\n")


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of the page: its folder's name, its tab's title and place, and its inside."""

    name: str
    title: str
    place: int
    html: str
    has_style: bool


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file of the page: its bytes, media type and the tag of this very content."""

    body: bytes
    content_type: str
    etag: str


def read_files(folder: Path) -> dict[str, WebFile]:
    """Read every file under `folder`, and put the panels into `index.html`.

    Returns:
        The files by their paths relative to `folder`, with slashes.

    Raises:
        ValueError: The first line of a `panel.html` is not as above.
    """
    files = {
        path.relative_to(folder).as_posix(): read_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if "index.html" in files:
        index = files["index.html"]
        body = with_panels(index.body.decode(), find_panels(files)).encode()
        files["index.html"] = WebFile(body, index.content_type, etag_of(body))
    return files


def find_panels(files: dict[str, WebFile]) -> list[Panel]:
    """Return the panels among the files, in the order of their places."""
    panels = []
    for path, file in files.items():
        found = PANEL_FILE.fullmatch(path)
        if found is None:
            continue
        html = file.body.decode()
        head = PANEL_HEAD.match(html)
        if head is None:
            raise ValueError(
                f"{path} must begin with a line such as <!-- title: Sentiment; place: 10 -->, "
                f"got {html[:60]!r}"
            )
        has_style = path.replace(".html", ".css") in files
        inside = html[head.end() :]
        panels.append(Panel(found[1], head["title"], int(head["place"]), inside, has_style))
    return sorted(panels, key=lambda panel: (panel.place, panel.name))


def with_panels(index: str, panels: list[Panel]) -> str:
    """Put the panels' styles, tabs and sections where the page has comments for them.

    Addresses are relative, so that the page works under any prefix of a proxy.
    """
    styles, tabs, sections = [], [], []
    for number, panel in enumerate(panels):
        name, is_first = panel.name, number == 0
        if panel.has_style:
            styles.append(f'<link rel="stylesheet" href="static/panels/{name}/panel.css">')
        tabs.append(
            f'<button type="button" role="tab" id="tab-{name}" aria-controls="panel-{name}" '
            f'aria-selected="{str(is_first).lower()}"{"" if is_first else TABINDEX}>'
            f"{escape(panel.title)}</button>"
        )
        sections.append(
            f'<section role="tabpanel" id="panel-{name}" aria-labelledby="tab-{name}" '
            f'data-module="static/panels/{name}/panel.js"{"" if is_first else " hidden"}>\n'
            f"{panel.html}</section>"
        )
    for place, parts in (("styles", styles), ("tabs", tabs), ("sections", sections)):
        index = index.replace(f"<!-- panels: {place} -->", "\n".join(parts))
    return index


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
