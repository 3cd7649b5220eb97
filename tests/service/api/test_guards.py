import base64
import hashlib
import threading

import pytest

from service.api.app import create_app
from service.api.guards import KeyGuard, PlaceGuard, RateGuard, key_in, site_of
from service.api.metrics import metrics_route
from service.auth import Keyring
from service.rate_limits import Rates, SharedCounts, Unreachable
from tests.fakes import FakeEngine

KEY = "k-1"
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def make_client(settings, records):
    """A function that makes a client of an app behind guards."""

    def make(*guards, observers=(), engine=None):
        app = create_app(
            engine or FakeEngine(),
            settings,
            guards=guards,
            observers=[*observers, records.append],
            more_routes=[metrics_route(lambda: b"figures")],
        )
        return app.test_client()

    return make


@pytest.fixture
def locked(make_client, tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"ann {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    return make_client(KeyGuard(Keyring(path)))


def classify(client, headers=None, **options):
    return client.post("/v1/classify", json={"input": "good"}, headers=headers, **options)


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(("method", "path"), [("GET", "/nix"), ("PUT", "/v1/classify")])
def test_nobody_without_a_key_learns_what_is_there(locked, method, path):
    assert locked.open(path, method=method).status_code == 401
    assert locked.open(path, method=method, headers=BEARER).status_code in (404, 405)


def test_a_key_lets_in_and_its_name_is_noted(locked, records):
    assert classify(locked, BEARER).status_code == 200
    assert records[-1].key_name == "ann"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer k-2", KEY, f"Token {KEY}", "Basic !!", "Basic " + "=" * 4],
)
def test_anything_else_is_refused_with_the_way_in(locked, header, records):
    answer = classify(locked, {"Authorization": header})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="rnn-service"')
    assert records[-1].key_name is None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_as_one_likes(locked, scheme):
    assert classify(locked, {"Authorization": f"{scheme} {KEY}"}).status_code == 200


def test_a_wrong_key_is_not_repeated_in_the_answer_or_the_log(locked, caplog):
    answer = classify(locked, {"Authorization": "Bearer my-secret-key"})
    assert "my-secret" not in answer.get_data(as_text=True) + caplog.text


def test_a_browser_is_asked_by_its_own_dialog_and_the_key_is_the_password(locked):
    page = {"Accept": "text/html,*/*;q=0.8"}
    assert locked.get("/", headers=page).headers["WWW-Authenticate"].startswith("Basic ")
    assert locked.get("/", headers=page | basic(f"me:{KEY}")).status_code == 200
    assert locked.get("/", headers=page | basic("me:other")).status_code == 401


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer abc", "abc"),
        ("Bearer  abc ", "abc"),
        ("Basic YTpiOmM=", "b:c"),
        ("Basic YTo=", None),
        ("Basic /w==", None),
        ("", None),
    ],
)
def test_keys_are_read_from_the_header(header, key):
    assert key_in(header) == key


def limited(make_client, text, **options):
    guard = RateGuard(Rates(text, SharedCounts(None, lambda: 0.0)), trusts_proxy=False)
    return make_client(guard, **options)


def test_a_caller_over_its_rate_is_told_when_to_come_again(make_client, records):
    client = limited(make_client, "2/minute")
    answers = [classify(client) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].get_json()["error"]["code"] == records[2].reason == "rate_limit_exceeded"
    assert answers[2].headers["RateLimit-Limit"] == "2"
    assert answers[2].headers["Retry-After"] == answers[2].headers["RateLimit-Reset"] == "60"


def test_after_the_time_that_was_told_the_caller_is_let_in(make_client):
    now = [0.0]
    guard = RateGuard(Rates("1/minute", SharedCounts(None, lambda: now[0])), trusts_proxy=False)
    client = make_client(guard)
    classify(client)
    now[0] += 30.5
    wait_s = int(classify(client).headers["Retry-After"])
    now[0] += wait_s - 1
    assert classify(client).status_code == 429
    now[0] += 1
    assert classify(client).status_code == 200


def test_callers_are_told_apart_by_address(make_client):
    client = limited(make_client, "1/minute")
    ann, bob = ({"REMOTE_ADDR": address} for address in ("192.0.2.1", "192.0.2.2"))
    assert classify(client, environ_base=ann).status_code == 200
    assert classify(client, environ_base=bob).status_code == 200
    assert classify(client, environ_base=ann).status_code == 429


def test_a_header_does_not_make_another_caller_unless_the_proxy_is_trusted(make_client):
    client = limited(make_client, "1/minute")
    assert classify(client, {"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    assert classify(client, {"X-Forwarded-For": "192.0.2.2"}).status_code == 429
    trusting = RateGuard(Rates("1/minute", SharedCounts(None)), trusts_proxy=True)
    client = make_client(trusting)
    assert classify(client, {"X-Forwarded-For": "192.0.2.9, 192.0.2.1"}).status_code == 200
    assert classify(client, {"X-Forwarded-For": "192.0.2.8, 192.0.2.1"}).status_code == 429
    assert classify(client, {"X-Forwarded-For": "192.0.2.2"}).status_code == 200


def test_health_is_not_limited(make_client):
    client = limited(make_client, "1/minute")
    assert {client.get("/readyz").status_code for _ in range(3)} == {200}


def test_a_scrape_is_no_request_of_a_caller(make_client):
    places = PlaceGuard(0, trusts_proxy=False)  # would refuse everybody
    rates = RateGuard(Rates("1/minute", SharedCounts(None)), trusts_proxy=False)
    client = make_client(rates, places)
    assert {client.get("/metrics").status_code for _ in range(3)} == {200}
    assert "RateLimit-Limit" not in client.get("/metrics").headers
    assert classify(client).get_json()["error"]["code"] == "too_many_at_once"


@pytest.mark.parametrize("path", ["/nix", "/v1/classify"], ids=["no route", "another method"])
def test_what_no_route_takes_counts_against_the_callers_rate(make_client, path):
    client = limited(make_client, "1/minute")
    assert client.get(path).status_code in (404, 405)
    assert client.get(path).status_code == classify(client).status_code == 429


class Away(SharedCounts):
    """Counts that cannot be reached at times."""

    is_away = True

    def hit(self, key, window_s):
        if self.is_away:
            raise Unreachable("no Redis")
        return super().hit(key, window_s)


def test_requests_go_on_while_they_cannot_be_counted_and_the_log_says_so_once(make_client, caplog):
    counts = Away(None)
    client = make_client(RateGuard(Rates("1/minute", counts), trusts_proxy=False))
    assert {classify(client).status_code for _ in range(3)} == {200}
    assert caplog.text.count("rates are not limited for now") == 1
    counts.is_away = False
    assert [classify(client).status_code for _ in range(3)] == [200, 429, 429]
    assert caplog.text.count("rates are limited again") == 1


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_ipv6_customer_is_one_caller(address, site):
    assert site_of(address) == site


def test_a_caller_with_too_many_open_requests_is_refused_and_places_are_given_back(make_client):
    entered, leave = threading.Event(), threading.Event()

    class SlowEngine(FakeEngine):
        def classify(self, request):
            if not entered.is_set():
                entered.set()
                leave.wait(10)
            return super().classify(request)

    places = PlaceGuard(1, trusts_proxy=False)
    client = make_client(places, observers=[places.release], engine=SlowEngine())
    first = threading.Thread(target=classify, args=(client.application.test_client(),))
    first.start()
    assert entered.wait(10)
    refused = classify(client)
    leave.set()
    first.join(10)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (429, "too_many_at_once")
    assert refused.headers["Retry-After"] == "1"
    assert classify(client).status_code == 200
    assert places._open == {}


def test_a_stream_keeps_its_place_until_it_ends(make_client):
    places = PlaceGuard(1, trusts_proxy=False)
    client = make_client(places, observers=[places.release])
    fields = {"prompt": "abc", "max_tokens": 5, "stream": True}
    stream = client.post("/v1/generate", json=fields, buffered=False)
    assert classify(client).status_code == 429
    stream.close()
    assert classify(client).status_code == 200


def test_an_answer_tells_where_its_time_went(make_client):
    answer = classify(make_client())
    assert answer.headers["Server-Timing"].startswith(
        "queue;dur=1.00, compute;dur=2.00, total;dur="
    )
    assert "Server-Timing" not in make_client().get("/healthz").headers
