"""`create_app`: the routes as a Flask application, and errors for what no route takes."""

import difflib
from collections.abc import Callable, Iterable, Mapping

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, UnicodeConverter

from service.api import errors
from service.api.body import BodyBudget
from service.api.cors import Cors, answer_preflight
from service.api.engine_protocol import EngineProtocol
from service.api.errors import RequestError, RouteNotFound, inference_protocol_body, openai_body
from service.api.handler import UNMATCHED, Endpoint, Guard, Handler, Observer, Route, Site
from service.api.open_inference.statistics import Statistics
from service.api.reply import STATUS_LINES, Reply
from service.api.request import Request, RequestIds
from service.api.router import Router
from service.api.routes import all_routes
from service.observability.model_counts import Counts, Kind, ModelCounts
from service.settings import Settings

CALLS = ("predict", "classify", "explain")  # what may follow a model's name and a colon
PREFLIGHT = "preflight"  # stands for the route of a browser's question before a request


def create_app(
    engine: EngineProtocol,
    settings: Settings,
    *,
    guards: Iterable[Guard] = (),
    observers: Iterable[Observer] = (),
    more_routes: Iterable[Route] = (),
    read_counts: Callable[[], Mapping[Kind, Counts]] | None = None,
) -> Flask:
    """Make the application.

    Args:
        engine: Answers the requests; already started.
        settings: Limits and times.
        guards: Called before each request's body is read, and refuse by raising (API keys, rates).
        observers: Called with the record of each answered request (logs, metrics).
        more_routes: Routes beside the API's own.
        read_counts: Returns what the models have answered, which one of `observers` counts; without
            it that is counted here, for this process alone.

    Returns:
        The application; its engine is `app.extensions["engine"]`, what its routes share
        `app.extensions["site"]`, and the handlers of its busy routes, by path, are
        `app.extensions["busy_routes"]`.

    Raises:
        OriginsError: `cors_origins` cannot be used.
    """
    if read_counts is None:
        counts = ModelCounts()
        read_counts, observers = counts.read, (*observers, lambda record: counts([record]))
    bodies = BodyBudget(settings.max_bodies_bytes)
    cors = Cors(settings.cors_origins) if settings.cors_origins else None
    site = Site(
        engine, settings, tuple(guards), tuple(observers), RequestIds(), bodies=bodies, cors=cors
    )
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.extensions["engine"] = engine
    app.extensions["site"] = site
    app.url_map.converters["default"] = PathPart
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # else an odd path is answered with a redirect in HTML
    routes = (*all_routes(Statistics(read_counts)), *more_routes)
    for route in routes:
        app.add_url_rule(
            route.rule,
            endpoint=f"{route.method} {route.rule}",
            view_func=_view(Handler(route, site)),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, _unmatched(site, [route.rule for route in routes]))
    hot = {route.rule: Handler(route, site) for route in routes if route.is_busy}
    app.extensions["busy_routes"] = hot
    app.wsgi_app = Router(app.wsgi_app, hot)  # type: ignore[method-assign]
    return app


class PathPart(UnicodeConverter):
    """A part of a path that is no call: `/v1/models/NAME` is not where `NAME:predict` is."""

    def __init__(self, map: Map) -> None:
        super().__init__(map)
        self.regex += "".join(f"(?<!:{verb})" for verb in CALLS)


def _view(handler: Handler) -> Callable[..., Response]:
    """Make a Flask view of `handler`."""

    def view(**params: str) -> Response:
        return _response(*handler(request.environ, params))

    return view


def _response(reply: Reply, headers: list[tuple[str, str]]) -> Response:
    return Response(reply.body, STATUS_LINES[reply.status], headers, direct_passthrough=True)


def _unmatched(site: Site, rules: list[str]) -> Callable[[HTTPException], Response]:
    """Make the handler of requests that Flask finds no view for."""

    def unmatched(fault: HTTPException) -> Response:
        if site.cors is not None and site.cors.is_preflight(request.environ):
            route = Route(PREFLIGHT, answer_preflight, is_open=True)  # it never carries a key
            return _response(*Handler(route, site)(request.environ))
        is_v2 = request.path.startswith("/v2")
        route = Route(
            UNMATCHED,
            _refuse(fault, rules),
            error_body=inference_protocol_body if is_v2 else openai_body,
        )
        return _response(*Handler(route, site)(request.environ))

    return unmatched


def _refuse(fault: HTTPException, rules: list[str]) -> Endpoint:
    """Make an endpoint that raises what `fault` means."""
    path = request.path[:100]

    def refuse(_: Request) -> Reply:
        if isinstance(fault, MethodNotAllowed):
            allowed = tuple(sorted(fault.valid_methods or ()))
            raise errors.MethodNotAllowed(
                f"{request.method} does not work at {path}; use {' or '.join(allowed)}",
                headers=(("Allow", ", ".join(allowed)),),
            )
        if isinstance(fault, NotFound):
            near = difflib.get_close_matches(path, rules, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "all routes are listed at /"
            raise RouteNotFound(f"nothing is at {path}; {hint}")
        raise RequestError(f"the request cannot be read: {fault.description}")

    return refuse
