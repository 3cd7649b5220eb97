"""The list of routes: what is where."""

from service.api.classify import classify
from service.api.docs.page import document_endpoint, page_endpoint, swagger_file
from service.api.errors import BAD_REQUEST, text_inference_body
from service.api.generate import generate
from service.api.handler import Route
from service.api.health import alive, ready
from service.api.models import list_models, show_model
from service.api.open_inference import routes as open_inference
from service.api.open_inference.statistics import Statistics
from service.api.openai.completions import chat, completions
from service.api.predict import predict
from service.api.web import WEB_DIR, file_endpoint, index_endpoint, read_files

CLASSIFY = Route("/v1/classify", classify, "POST", "Label texts")
GENERATE = Route("/v1/generate", generate, "POST", "Continue a prompt")
COMPLETIONS = Route(
    "/v1/completions", completions, "POST", "Continue prompts (OpenAI)", error_statuses=BAD_REQUEST
)
VLLM_CLASSIFY = Route("/classify", classify, "POST", "Label texts (vLLM)")
PREDICT = Route(
    "/predict", predict, "POST", "Label texts (Hugging Face)", error_body=text_inference_body
)
HOT_ROUTES = (CLASSIFY, GENERATE, COMPLETIONS, VLLM_CLASSIFY, PREDICT)

API_ROUTES = (
    *HOT_ROUTES,
    Route("/v1/chat/completions", chat, "POST", "There is no chat; see /v1/completions"),
    Route("/v1/models", list_models, summary="List the models"),
    Route("/v1/models/<model>", show_model, summary="Show one model"),
    Route("/healthz", alive, summary="Is the process alive?", is_open=True),
    Route("/readyz", ready, summary="Are requests answered?", is_open=True),
)


def all_routes(statistics: Statistics) -> tuple[Route, ...]:
    """Return every route, those of the page included."""
    files = read_files(WEB_DIR)
    routes = (*API_ROUTES, *open_inference.routes(statistics))
    width = max(len(route.rule) for route in routes)
    lines = [f"{route.method:4} {route.rule:{width}} {route.summary}" for route in routes]
    return (
        *routes,
        Route("/openapi.json", document_endpoint(routes), summary="This, as OpenAPI"),
        Route("/docs", page_endpoint(files["docs/index.html"]), summary="Interactive docs"),
        Route("/docs/<name>", swagger_file, summary="Files of the docs"),
        Route("/", index_endpoint(files, lines), summary="Playground, or this list"),
        Route("/static/<path:path>", file_endpoint(files), summary="Files of the playground"),
    )
