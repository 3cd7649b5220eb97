"""The real Caddy with our Caddyfile, in front of the real service: what a caller over TLS sees.

Caddy is told by `deploy/caddy/Caddyfile` what to do; only its ports are others, on loopback, and
all that it keeps lies in a folder of the test.
"""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.e2e.conftest import ROOT, START_PATIENCE_S, free_port
from tests.e2e.test_lifecycle import request_lines, until

pytestmark = pytest.mark.e2e

CADDYFILE = ROOT / "deploy" / "caddy" / "Caddyfile"
PUBLISHED = 8443  # the port in the container that docker-compose.yml publishes
GATED_APP = "tests.e2e.gated_service:build()"
MAX_BODY_BYTES = 100_000


class Caddy:
    """Caddy as our file has it, in front of a service.

    Args:
        live: The service.
        folder: Where Caddy keeps its authority and what it logs.
    """

    def __init__(self, live, folder):
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        self.log_path = folder / "log"
        upstream = {"UPSTREAM": f"127.0.0.1:{live.port}"}
        own = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        self._env = os.environ | own | upstream
        self._env.pop("SITE", None)
        config = folder / "caddy.json"
        config.write_text(json.dumps(self._moved(self._adapted())))
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                ["caddy", "run", "--config", config], env=self._env, stderr=log
            )

    def _adapted(self):
        """Our file in Caddy's own form."""
        command = ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
        done = subprocess.run(command, env=self._env, capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)

    def _moved(self, config):
        """The same on free ports of loopback, once it is sure that nothing outside is touched."""
        assert config["admin"]["disabled"] is True
        [authority] = config["apps"]["pki"]["certificate_authorities"].values()
        assert authority["install_trust"] is False
        http = config["apps"]["http"]
        [server] = http["servers"].values()
        assert (http["https_port"], server["listen"]) == (PUBLISHED, [f":{PUBLISHED}"])
        server["listen"] = [f"127.0.0.1:{self.port}"]
        http |= {"http_port": self.plain_port, "https_port": self.port}
        return config

    def wait_until_ready(self):
        """Return once the service answers through Caddy; fail with its log if it never does."""
        end = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(requests.RequestException, OSError):
                if self.get("/healthz").status_code == 200:
                    return
            time.sleep(0.05)
        pytest.fail(f"Caddy did not become ready:\n{self.log_path.read_text()}")

    def get(self, path, **options):
        """Ask over TLS, trusting Caddy's own authority alone."""
        return requests.get(self.url + path, verify=str(self.root), timeout=30, **options)

    def post(self, path, fields, **options):
        """Send JSON over TLS, trusting Caddy's own authority alone."""
        options = {"json": fields, "timeout": 30} | options
        return requests.post(self.url + path, verify=str(self.root), **options)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def in_front(tmp_path_factory):
    """Starts Caddy in front of a service: `in_front(live)`."""
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed (Debian: apt-get install caddy)")
    with contextlib.ExitStack() as started:

        def start(live):
            caddy = Caddy(live, tmp_path_factory.mktemp("caddy"))
            started.callback(caddy.stop)
            caddy.wait_until_ready()
            return caddy

        yield start


@pytest.fixture(scope="module")
def caddy(in_front, start_shared, tiny_store):
    """Caddy in front of tiny models."""
    return in_front(start_shared(tiny_store, {"MAX_BODY_BYTES": str(MAX_BODY_BYTES)}))


@pytest.fixture
def gate(tmp_path):
    """The file that lets generations of `GATED_APP` go on."""
    return tmp_path / "gate"


@pytest.fixture
def gated(start_process, gate):
    """A service whose generations stop after their first piece until `gate` exists."""
    return start_process(app=GATED_APP, env={"GATE": str(gate), "HEARTBEAT_S": "0.5"})


def test_a_text_is_classified_under_a_certificate_of_caddys_own(caddy):
    answer = caddy.post("/v1/classify", {"input": "a good film"})
    assert answer.json()["data"][0]["label"] in ("negative", "positive")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_machine_does_not_come_to_trust_that_authority(caddy):
    trusted_here = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", caddy.port), 30) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trusted_here.wrap_socket(plain, server_hostname="localhost")


def test_the_answer_is_the_services_own(caddy):
    headers = {"X-Request-Id": "from-the-caller"}
    answer = caddy.post("/v1/classify", {"input": "good"}, headers=headers)
    assert answer.headers["X-Request-Id"] == "from-the-caller"
    assert "compute" in answer.headers["Server-Timing"]
    refused = caddy.post("/v1/classify", {"input": 7})
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "input")


def test_plain_http_is_sent_on_to_https(caddy):
    url = f"http://localhost:{caddy.plain_port}/v1/models?x=1"
    answer = requests.get(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 308
    # Without a port: what the container has on 8443 the world has on 443.
    assert answer.headers["Location"] == "https://localhost/v1/models?x=1"


def test_a_body_too_large_is_refused_in_the_services_words(caddy):
    answer = caddy.post("/v1/classify", None, data=b" " * 2 * MAX_BODY_BYTES)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_a_piece_arrives_while_the_next_one_is_not_yet_written(in_front, gated, gate):
    fields = {"prompt": "abc", "max_tokens": 5, "seed": 0, "stream": True}
    with in_front(gated).post("/v1/generate", fields, stream=True) as stream:
        lines = stream.iter_lines(chunk_size=1)
        pieces = [json.loads(next(lines).removeprefix(b"data: "))["choices"][0]["text"]]
        assert not gate.exists()
        gate.touch()
        rest = [line for line in lines if line.startswith(b"data: ")]
    assert rest.pop() == b"data: [DONE]"
    pieces += [json.loads(line[6:])["choices"][0]["text"] for line in rest]
    assert (pieces[0], "".join(pieces)) == ("a", "abcab")


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
def test_a_caller_who_leaves_ends_what_it_asked_for(in_front, gated, gate, is_stream):
    """With `flush_interval -1` Caddy kept the service at work for callers that had left."""
    caddy = in_front(gated)
    body = json.dumps({"prompt": "abc", "stream": is_stream}).encode()
    head = f"POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    trusted = ssl.create_default_context(cafile=str(caddy.root))
    with (
        socket.create_connection(("127.0.0.1", caddy.port), 30) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.encode() + body)
        until(gate.with_name("begun").exists)
    until(lambda: [line for line in request_lines(gated) if line["route"] == "/v1/generate"])
    assert not gate.exists()


class From(HTTPAdapter):
    """Connects from an address of its own."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, **options, source_address=(self.address, 0))


def test_an_address_that_the_caller_writes_itself_is_not_believed(
    in_front, start_process, tiny_store
):
    env = {"RATE_LIMIT": "2/hour", "TRUST_FORWARDED_FOR": "1"}
    live = start_process(tiny_store, env)
    caddy = in_front(live)

    def statuses(url, address):
        with requests.Session() as session:
            session.mount(url, From(address))
            return [
                session.post(
                    f"{url}/v1/classify",
                    json={"input": "good"},
                    headers={"X-Forwarded-For": f"10.0.0.{number}, 10.0.{number}.0"},
                    verify=str(caddy.root),
                    timeout=30,
                ).status_code
                for number in range(4)
            ]

    assert statuses(caddy.url, "127.0.0.2") == [200, 200, 429, 429]
    assert statuses(caddy.url, "127.0.0.3") == [200, 200, 429, 429]  # somebody else
    assert statuses(live.base_url, "127.0.0.2") == [200] * 4  # why nobody may go past Caddy


def test_keys_hold_through_caddy(in_front, start_process, tiny_store, tmp_path):
    keys_file = tmp_path / "keys"
    keys_file.write_text(f"ann {hashlib.sha256(b'a-key').hexdigest()}\n")
    caddy = in_front(start_process(tiny_store, {"API_KEYS_FILE": str(keys_file)}))
    refused = caddy.get("/v1/models")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert caddy.get("/v1/models", headers={"Authorization": "Bearer a-key"}).status_code == 200
