"""The short cut to the busy routes and the way through Flask answer alike."""

import gzip
import io

import pytest

from service.errors import EngineFailure, NotReady
from tests.service.api.test_bad_input import bodies_for_classify, fields_for_generate

JSON = {"CONTENT_TYPE": "application/json"}
GOOD = [
    ("/v1/classify", b'{"input": "good"}', JSON),
    ("/v1/classify", b'{"input": ["good", "dull"], "explain": true}', JSON),
    ("/v1/classify", b'{"input": "good"}', {}),
    (
        "/v1/classify",
        gzip.compress(b'{"input": "good"}', mtime=0),
        JSON | {"HTTP_CONTENT_ENCODING": "gzip"},
    ),
    ("/v1/generate", b'{"prompt": "hello", "n": 2}', JSON),
    ("/v1/generate", b'{"prompt": "hello", "stream": true}', JSON),
    ("/v1/completions", b'{"prompt": ["hello", "you"], "echo": true, "new": 1}', JSON),
    ("/v1/completions", b'{"prompt": "hello", "stream": true}', JSON),
    ("/classify", b'{"input": "good"}', JSON),
    ("/predict", b'{"inputs": "good", "parameters": {}}', JSON),
]
BAD = [
    ("/v1/classify", b'{"input": "good"}', {"CONTENT_TYPE": "text/plain"}),
    ("/v1/classify", b"{}", JSON | {"HTTP_CONTENT_ENCODING": "br"}),
    ("/v1/classify", b"x" * 20_001, JSON),
    ("/v1/completions", b'{"prompt": "hello", "suffix": "x"}', JSON),
    ("/predict", b'{"inputs": 5}', JSON),
    *[("/v1/classify", body, JSON) for _, body, *_ in bodies_for_classify()],
    *[
        ("/v1/generate", f'{{"prompt": "a", "{field}": {value}}}'.encode(), JSON)
        for field, value, _ in fields_for_generate()
    ],
]


def call(wsgi, path, body, headers, request_id="both-ways"):
    """Call a WSGI application, and return status, headers and body, but for measured times."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "test",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_REQUEST_ID": request_id,
        **headers,
    }
    started = []
    chunks = wsgi(environ, lambda *head: started.append(head))
    text = b"".join(chunks)
    getattr(chunks, "close", lambda: None)()
    [(status, sent)] = started
    told = {name: "" if name == "Server-Timing" else value for name, value in sent}
    return status, sorted(told.items()), without_time(text)


def without_time(text):
    """Take the only part out of an answer that differs by when it was made."""
    marker = b'"created":'
    return b"".join(
        part.lstrip(b"0123456789") if number else part
        for number, part in enumerate(text.split(marker))
    )


def both(app, path, body, headers):
    shortcut = app.wsgi_app
    return (
        call(shortcut, path, body, headers),
        call(shortcut.fallback, path, body, headers),
    )


@pytest.mark.parametrize(("path", "body", "headers"), GOOD + BAD)
def test_both_ways_answer_alike(app, records, path, body, headers):
    short, through_flask = both(app, path, body, headers)
    assert short == through_flask
    stories = [(record.route, record.status, record.reason) for record in records]
    assert stories[0] == stories[1]


@pytest.mark.parametrize(
    "fault",
    [NotReady("the worker is draining", retry_after_s=2), EngineFailure("no"), ValueError("no")],
)
def test_both_ways_fail_alike(app, engine, fault):
    engine.fails_with = fault
    short, through_flask = both(app, "/v1/classify", b'{"input": "a"}', JSON)
    assert short == through_flask
    assert short[0].startswith("5")


def test_only_post_at_the_exact_path_is_cut_short(app, client):
    assert client.get("/v1/classify").status_code == 405
    assert client.post("/v1/classify/", json={"input": "good"}).status_code == 200


def test_the_short_cut_never_enters_flask(app):
    app.wsgi_app.fallback = None
    status, _, _ = call(app.wsgi_app, "/v1/classify", b'{"input": "good"}', JSON)
    assert status == "200 OK"
