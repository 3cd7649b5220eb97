"""What docs/fields.md says of each field of the protocols of others is what happens to it."""

import json
import struct
from typing import Any

import pytest

from service.api.app import create_app
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.settings import Settings
from tests import field_table
from tests.field_table import HARMLESS, HONOURED, REFUSED
from tests.foreign_fields import GENERATE, INFER, SECTIONS

FLEETING = {"id", "created"}
BINARY = "inputs[].parameters.binary_data_size"
ROWS = [
    pytest.param(section, path, decision, id=f"{section.path} {path}")
    for section in SECTIONS
    for path, decision, _ in field_table.rows(section)
]
NEUTRAL = [
    pytest.param(section, path, value, id=f"{section.path} {path}={value}")
    for section in SECTIONS
    for path, value in field_table.neutral(section)
]


@pytest.fixture(scope="module")
def client():
    settings = Settings()
    engine = Engine(EngineOptions(store_dir=settings.store_dir))
    engine.start()
    yield create_app(engine, settings).test_client()
    engine.close()


def with_field(body, path, value):
    """Return a copy of a request that has a value at a path; `[]` is the first of a list."""
    name, _, rest = path.partition(".")
    if not rest:
        return body | {name: value}
    if name.endswith("[]"):
        first, *others = body[name[:-2]]
        return body | {name[:-2]: [with_field(first, rest, value), *others]}
    return body | {name: with_field(body.get(name, {}), rest, value)}


def ask(client, section, path, value):
    """Send a field; return the answer."""
    body = with_field(plain(section, path), path, value)
    if path == BINARY:
        return client.post(section.path, **in_binary(body, section.base["inputs"][0]["data"][0]))
    return client.post(section.path, json=body)


def plain(section, path):
    """The request that a field is added to."""
    parameters: dict[str, Any] = {"parameters": {}} if path.startswith("parameters.") else {}
    return section.base | section.beside.get(path, {}) | parameters


def in_binary(body, text):
    """A request whose text comes after the JSON part."""
    [tensor] = body["inputs"]
    named = {name: value for name, value in tensor.items() if name != "data"}
    head = json.dumps(body | {"inputs": [named]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return {"data": head + struct.pack("<I", len(text)) + text.encode(), "headers": headers}


def lasting(answer):
    """An answer without what is new in each."""
    if answer.content_type.startswith("text/event-stream"):
        lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
        return "".join(json.loads(line)["choices"][0]["text"] for line in lines)
    value = answer.get_json()
    if not isinstance(value, dict):
        return value
    return {key: one for key, one in value.items() if key not in FLEETING}


def check_refused(answer, path):
    assert answer.status_code in (400, 422), answer.text
    error = answer.get_json()["error"]
    message = error if isinstance(error, str) else error["message"]
    assert f"{path.replace('[]', '[0]')}`" in message
    assert "Not supported" in message


@pytest.mark.parametrize(("section", "path", "decision"), ROWS)
def test_a_field_is_treated_as_the_page_says(client, section, path, decision):
    answer = ask(client, section, path, section.sent[path])
    if decision == REFUSED:
        check_refused(answer, path)
        return
    assert answer.status_code == 200, answer.text
    assert "X-Ignored-Fields" not in answer.headers
    if decision == HARMLESS:
        assert lasting(answer) == lasting(client.post(section.path, json=plain(section, path)))


@pytest.mark.parametrize(("section", "path", "value"), NEUTRAL)
def test_a_value_that_asks_for_what_is_done_anyway_is_taken(client, section, path, value):
    answer = ask(client, section, path, value)
    assert answer.status_code == 200, answer.text
    assert lasting(answer) == lasting(client.post(section.path, json=plain(section, path)))


@pytest.mark.parametrize("section", SECTIONS, ids=[section.path for section in SECTIONS])
def test_every_published_field_is_known(section):
    known = {path for path, _, _ in field_table.rows(section)}
    assert set(section.published.split()) <= known
    assert known == section.sent.keys()


@pytest.mark.parametrize("section", SECTIONS, ids=[section.path for section in SECTIONS])
def test_a_field_that_nobody_knows_is_named_at_any_depth(client, section):
    nested = sorted({path.rpartition(".")[0] for path in section.sent})
    for prefix in nested:
        path = f"{prefix}.brand_new" if prefix else "brand_new"
        beside = section.beside.get("stream_options.include_usage", {})
        body = section.base | (beside if prefix == "stream_options" else {})
        if prefix.startswith("inputs[].parameters"):
            body = with_field(body, "inputs[].parameters", {})
        answer = client.post(section.path, json=with_field(body, path, 1))
        if section.path == "/v2/repository/index":
            assert answer.status_code == 200
            continue
        assert answer.headers["X-Ignored-Fields"] == path.replace("[]", "[0]"), answer.text


@pytest.mark.parametrize(
    ("route", "path"),
    [
        (route, path)
        for route in ("generate", "generate_stream")
        for path, decision, _ in field_table.rows(GENERATE)
        if decision == REFUSED and (route, path) != ("generate_stream", "stream")
    ],
)
def test_what_is_refused_is_so_among_the_parameters_and_of_a_stream_too(client, route, path):
    body = GENERATE.base | {"parameters": {path: GENERATE.sent[path]}}
    answer = client.post(f"/v2/models/shakespeare/{route}", json=body)
    check_refused(answer, f"parameters.{path}")


@pytest.mark.parametrize("fields", [{"stream": True}, {"parameters": {"stream": True}}])
def test_a_stream_may_be_asked_for_where_one_is_sent(client, fields):
    """As Triton's own examples for its vLLM back end do."""
    answer = client.post("/v2/models/shakespeare/generate_stream", json=GENERATE.base | fields)
    assert answer.status_code == 200, answer.text


def test_the_page_is_up_to_date():
    assert field_table.PAGE.read_text() == field_table.page(), "run: python -m tests.field_table"


def test_the_tables_have_each_decision():
    found = {decision for section in SECTIONS for _, decision, _ in field_table.rows(section)}
    assert found == {HONOURED, HARMLESS, REFUSED}
    assert len(field_table.rows(INFER)) > 20
