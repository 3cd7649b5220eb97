"""The list of routes: what is where."""

from collections.abc import Sequence

from service.api import hugging_face
from service.api.cards import show_card, show_picture
from service.api.docs.page import document_endpoint, page_endpoint
from service.api.errors import RouteNotFound, text_inference_body
from service.api.handler import Route
from service.api.health import alive, ready
from service.api.learn import learn_routes
from service.api.models import list_models, show_model
from service.api.open_inference import routes as open_inference
from service.api.open_inference.statistics import Statistics
from service.api.reply import Reply
from service.api.request import Request
from service.api.task import api_tasks
from service.api.tensorflow_serving import routes as tensorflow_serving
from service.api.tokens import TOKEN_ROUTES
from service.api.web import WEB_DIR, file_endpoint, index_endpoint, read_files


def ask_hub(request: Request) -> Reply:
    """Answer Hugging Face's client with what the model's verb has for it."""
    info = request.engine.resolve(request.params["model"], None)
    task = api_tasks()[info.verb]
    if task.hub_reply is not None:
        return task.hub_reply.answer(request)
    if task.hub is None:
        raise RouteNotFound(
            f"{info.name} is not asked this way; it has a route of its own, see /docs"
        )
    return hugging_face.ask_hub(task.hub, info, request)


SHARED_ROUTES = (
    Route("/models/<model>", ask_hub, "POST", "Ask a model (Hugging Face)", text_inference_body),
    Route("/v1/models", list_models, summary="List the models"),
    Route("/v1/models/<model>", show_model, summary="Show one model"),
    Route("/v1/models/<model>/card", show_card, summary="Show a version's card, served or not"),
    Route("/v1/models/<model>/pictures/<picture>", show_picture, summary="A picture of that card"),
    *tensorflow_serving.ROUTES,
    *TOKEN_ROUTES,
    Route("/healthz", alive, summary="Is the process alive?", is_open=True),
    Route("/health", alive, summary="The same, where others have it", is_open=True),
    Route("/readyz", ready, summary="Are requests answered?", is_open=True),
)


def task_routes() -> Sequence[Route]:
    """Return the routes of every verb, the busy ones of all of them first."""
    routes = [route for task in api_tasks().values() for route in task.routes]
    return sorted(routes, key=lambda route: not route.is_busy)


def all_routes(statistics: Statistics) -> tuple[Route, ...]:
    """Return every route, those of the page included."""
    files = read_files(WEB_DIR)
    own: list[Route] = []
    foreign: list[Route] = []
    for route in task_routes():
        (foreign if route.rule.startswith("/v2") else own).append(route)
    routes = (*own, *SHARED_ROUTES, *open_inference.routes(statistics), *foreign)
    width = max(len(route.rule) for route in routes)
    lines = [f"{route.method:4} {route.rule:{width}} {route.summary}" for route in routes]
    index = Route("/", index_endpoint(files, lines), summary="Playground, or this list")
    return (
        *routes,
        index,
        Route("/openapi.json", document_endpoint([*routes, index]), summary="This, as OpenAPI"),
        Route("/docs", page_endpoint(files["docs/index.html"]), summary="Interactive docs"),
        *learn_routes(files),
        Route("/static/<path:path>", file_endpoint(files), summary="Files of the playground"),
    )
