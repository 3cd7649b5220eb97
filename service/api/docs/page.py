"""`/openapi.json`, and `/docs`: Swagger UI's own files, served by us, around that document."""

import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic_core import to_json

from service.api.errors import RouteNotFound
from service.api.handler import Endpoint, Route
from service.api.reply import JSON, Reply
from service.api.request import Request
from service.api.web import WebFile, etag_of, file_reply, read_file

PACKAGE = "flask_openapi_swagger"  # carries Swagger UI's files; none of its code is run
FILES = ("css/swagger-ui.css", "js/swagger-ui-bundle.js")


def document_endpoint(routes: Iterable[Route]) -> Endpoint:
    """Make the endpoint of `/openapi.json`; the document is made when it is first asked for.

    What makes it is imported then too: 20 ms of a start, and 2 MB.
    """
    listed = tuple(routes)
    made: list[WebFile] = []

    def document(request: Request) -> Reply:
        if not made:
            from service.api.docs.document import make_document

            body = to_json(make_document(listed, request.settings))
            made.append(WebFile(body, JSON, etag_of(body)))
        return file_reply(made[0], request)

    return document


def page_endpoint(page: WebFile) -> Endpoint:
    """Make the endpoint of `/docs`."""

    def docs(request: Request) -> Reply:
        if request.environ["PATH_INFO"].endswith("/"):  # the page's links are relative
            return Reply(b"", 308, headers=(("Location", "../docs"),))
        return file_reply(page, request)

    return docs


def swagger_file(request: Request) -> Reply:
    """Answer with one of Swagger UI's files."""
    file = _swagger_files().get(request.params["name"])
    if file is None:
        raise RouteNotFound("there is no such file under /docs/")
    return file_reply(file, request)


@cache
def _swagger_files() -> dict[str, WebFile]:
    """Read the files, 1.9 MB, when the page is first opened."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, "it is among the requirements"
    [folder] = list(spec.submodule_search_locations or [])
    files = [Path(folder, "templates", "swagger", name) for name in FILES]
    return {file.name: read_file(file) for file in files}
