import pytest

from service.api.docs import operations as documented
from service.api.docs.operation import TAGS
from service.api.errors import KINDS, problem_of
from service.errors import EngineFailure, QueueFull
from service.settings import Settings

PAGES = {"/learn", "/learn/<page>", "/openapi.json", "/docs", "/static/<path:path>"}


@pytest.fixture
def document(client):
    return client.get("/openapi.json").get_json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_openapi_3_1(client, document):
    assert document["openapi"].startswith("3.1")
    assert client.get("/openapi.json").content_type == "application/json"


def test_every_route_but_pages_is_described_and_no_other(app):
    rules = {
        f"{'POST' if 'POST' in rule.methods else 'GET'} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule not in PAGES
    }
    assert set(documented.operations()) == rules


def test_every_operation_has_a_heading_a_summary_and_its_own_name(document):
    found = [operation for _, operation in operations(document)]
    assert {tag for operation in found for tag in operation["tags"]} == set(TAGS)
    assert all(operation["summary"] for operation in found)
    names = [operation["operationId"] for operation in found]
    assert len(names) == len(set(names))


def test_every_field_is_described(document):
    """A field whose description is its model's own leaves it to the model."""
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, inner in schema.get("properties", {}).items():
            assert inner.get("description") or list(inner) == ["$ref"], (name, field)


def test_ranges_and_defaults_are_those_that_are_checked(document):
    fields = document["components"]["schemas"]["CompletionAsk"]["properties"]
    assert fields["temperature"]["default"] == 1
    assert fields["temperature"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 2}
    assert fields["max_tokens"]["default"] == 16
    assert fields["suffix"]["enum"] == [None, ""]


def test_limits_are_shown_as_they_are_in_force(document, settings):
    schemas = document["components"]["schemas"]
    text, texts, numbers = schemas["ClassifyAsk"]["properties"]["input"]["anyOf"]
    assert text["maxLength"] == settings.max_text_chars == 5_000
    assert (texts["minItems"], texts["maxItems"]) == (1, settings.max_texts)
    assert (numbers["minItems"], numbers["maxItems"]) == (1, settings.max_texts)
    assert schemas["GenerateAsk"]["properties"]["n"]["maximum"] == Settings().max_n
    assert "documented" not in str(document)


def test_every_error_that_a_request_can_meet_is_listed(client, document, engine):
    listed = document["paths"]["/v1/classify"]["post"]["responses"]
    for code in ("invalid_json", "queue_full", "model_not_found", "text_too_long", "wrong_task"):
        kind = next(kind for kind in KINDS.values() if kind.code == code)
        assert f"`{code}`" in listed[str(kind.status)]["description"]
    for fault in (QueueFull("full"), EngineFailure("no")):
        assert str(problem_of(fault).status) in listed
    assert {"401", "429"} <= set(listed)
    assert "Retry-After" in listed["503"]["headers"]


def test_statuses_follow_the_protocol(document):
    assert "422" not in document["paths"]["/v1/completions"]["post"]["responses"]
    generate = document["paths"]["/v2/models/{model}/generate"]["post"]["responses"]
    assert "`engine_failure`" in generate["424"]["description"]
    assert set(document["paths"]["/v1/chat/completions"]["post"]["responses"]) >= {"404"}
    assert "200" not in document["paths"]["/v1/chat/completions"]["post"]["responses"]


def test_health_needs_no_key_all_else_may(document):
    without = {name for name, operation in operations(document) if "security" not in operation}
    assert without == {
        "GET /health",
        "GET /healthz",
        "GET /readyz",
        "GET /v2/health/live",
        "GET /v2/health/ready",
    }


def test_the_document_is_made_once_and_not_sent_again(client):
    first = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_pages_files_are_ours(client):
    page = client.get("/docs")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert b"http" not in page.data.replace(b"http-equiv", b"")


def test_a_slash_at_the_end_leads_to_the_page(client):
    answer = client.get("/docs/")
    assert (answer.status_code, answer.headers["Location"]) == (308, "../docs")
