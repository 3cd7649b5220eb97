"""`/openapi.json`, and `/docs`: a page of our own that shows that document."""

from collections.abc import Iterable

from pydantic_core import to_json

from service.api.handler import Endpoint, Route
from service.api.reply import JSON, Reply
from service.api.request import Request
from service.api.web import WebFile, etag_of, file_reply


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
