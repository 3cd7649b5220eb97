import pytest

from service.api.app import create_app
from service.api.cors import Cors, OriginsError
from service.api.guards import KeyGuard, RateGuard
from service.errors import QueueFull
from service.rate_limits import Rates, SharedCounts
from service.settings import Settings
from tests.fakes import FakeEngine

PAGE, OTHER = "https://app.example", "https://evil.example"
ASKS = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
CORS = "Access-Control-"


@pytest.fixture
def make_client(engine):
    """Makes a client of an application that lets these origins in."""

    def make(origins=f"{PAGE}, http://localhost:3000", **options):
        settings = Settings(cors_origins=origins, max_body_bytes=2048)
        return create_app(engine, settings, **options).test_client()

    return make


def shared(answer):
    """What an answer tells a browser of other origins, by what is told."""
    return {
        name.removeprefix(CORS): value
        for name, value in answer.headers.items()
        if name.startswith(CORS)
    }


@pytest.mark.parametrize(
    ("method", "path", "fields", "status"),
    [
        ("GET", "/v1/models", None, 200),
        ("GET", "/healthz", None, 200),
        ("GET", "/", None, 200),
        ("GET", "/nix", None, 404),
        ("GET", "/v2/nix", None, 404),
        ("PUT", "/v1/classify", None, 405),
        ("POST", "/v1/classify", {"input": "good"}, 200),
        ("POST", "/v1/classify", {"input": ""}, 422),
        ("POST", "/v1/classify", {"input": "x" * 3000}, 413),
        ("POST", "/v1/generate", {"prompt": "a", "stream": True}, 200),
        ("POST", "/v2/models/nix/infer", {"inputs": []}, 400),
    ],
)
def test_every_answer_is_shared_with_a_page_that_is_listed(
    make_client, method, path, fields, status
):
    answer = make_client().open(path, method=method, json=fields, headers={"Origin": PAGE})
    told = shared(answer)
    answer.close()
    assert answer.status_code == status
    assert told["Allow-Origin"] == PAGE
    assert {"X-Request-Id", "Retry-After"} <= set(told["Expose-Headers"].split(", "))
    assert "Allow-Credentials" not in told
    assert "Origin" in answer.headers.getlist("Vary")


@pytest.mark.parametrize("headers", [{"Origin": OTHER}, {"Origin": "null"}, {"Origin": ""}, {}])
def test_no_other_page_is_told_anything_and_no_cache_mixes_them_up(make_client, headers):
    answer = make_client().post("/v1/classify", json={"input": "good"}, headers=headers)
    assert (answer.status_code, shared(answer)) == (200, {})
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", [OTHER, "null", None])
def test_a_star_shares_with_all(make_client, origin):
    headers = {} if origin is None else {"Origin": origin}
    answer = make_client("*").get("/v1/models", headers=headers)
    assert shared(answer)["Allow-Origin"] == "*"


def test_without_the_setting_nothing_is_said(client):
    assert shared(client.get("/v1/models", headers={"Origin": PAGE})) == {}
    assert client.options("/v1/classify", headers=ASKS).status_code == 405


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/models", "/v2/models/m/infer", "/nix"])
def test_a_preflight_is_answered_wherever_it_is_asked(make_client, records, path):
    wants = "authorization,content-type,x-stainless-lang"
    client = make_client(observers=[records.append])
    answer = client.options(path, headers=ASKS | {f"{CORS}Request-Headers": wants})
    told = shared(answer)
    assert (answer.status_code, answer.data) == (204, b"")
    assert (told["Allow-Origin"], told["Allow-Headers"]) == (PAGE, wants)
    assert {"GET", "POST"} <= set(told["Allow-Methods"].split(", "))
    assert int(told["Max-Age"]) > 0
    assert [(record.route, record.status) for record in records] == [("preflight", 204)]


@pytest.mark.parametrize("sent", ["", "a: b", "x" * 5000, "é"])
def test_a_preflight_that_names_no_sane_headers_is_told_the_usual_ones(make_client, sent):
    answer = make_client().options("/v1/classify", headers=ASKS | {f"{CORS}Request-Headers": sent})
    assert "Authorization" in shared(answer)["Allow-Headers"]


@pytest.mark.parametrize("headers", [ASKS | {"Origin": OTHER}, {"Origin": PAGE}, {}])
def test_options_that_are_no_preflight_of_a_listed_page_are_refused_as_before(make_client, headers):
    assert make_client().options("/v1/classify", headers=headers).status_code == 405


class Keyring:
    def name_of(self, key):
        return "ann" if key == "a-key" else None


def test_a_preflight_needs_no_key_and_the_refusal_of_a_request_can_be_read(make_client):
    client = make_client(guards=[KeyGuard(Keyring())])  # type: ignore[arg-type]
    assert client.options("/v1/classify", headers=ASKS).status_code == 204
    refused = client.post("/v1/classify", json={"input": "good"}, headers={"Origin": PAGE})
    assert (refused.status_code, shared(refused)["Allow-Origin"]) == (401, PAGE)


def test_a_preflight_counts_for_no_rate(make_client):
    client = make_client(
        guards=[RateGuard(Rates("1/hour", SharedCounts(None)), trusts_proxy=False)]
    )
    for _ in range(3):
        assert client.options("/v1/classify", headers=ASKS).status_code == 204
    answers = [client.get("/v1/models", headers={"Origin": PAGE}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert shared(answers[1])["Allow-Origin"] == PAGE
    assert answers[1].headers["Retry-After"]


def test_a_full_queue_is_shared_too():
    app = create_app(FakeEngine(fails_with=QueueFull("full")), Settings(cors_origins="*"))
    answer = app.test_client().post("/v1/classify", json={"input": "good"})
    assert (answer.status_code, shared(answer)["Allow-Origin"]) == (503, "*")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://App.Example", PAGE),
        ("https://app.example:443", PAGE),
        ("http://localhost:3000,https://app.example", PAGE),
        (" https://app.example ", PAGE),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_an_origin_is_known_however_it_was_written(written, sent):
    environ = {"HTTP_ORIGIN": sent, "REQUEST_METHOD": "GET"}
    assert ("Access-Control-Allow-Origin", sent) in Cors(written).headers(environ)


@pytest.mark.parametrize(
    "origins",
    [
        "app.example", "https://app.example/", "https://app.example/page", "https://", "null",
        f"{PAGE};{OTHER}", f"{PAGE} {OTHER}", f"{PAGE},", f"{PAGE}, *", "https://*.example",
        "https://u@app.example", "https://app.example:port", "https://a\nb",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_named(origins):
    with pytest.raises(OriginsError, match="CORS_ORIGINS has .* such as https://app.example"):
        Cors(origins)
