"""What `deploy/` holds works with the service as it is, and with the programs that read it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections import defaultdict

import pytest
import requests
import yaml
from prometheus_client import CollectorRegistry

from model_store import ServingPlan
from service.api.errors import KINDS
from service.auth import Keyring
from service.engine.activity import Activity
from service.engine.types import Health
from service.observability.metrics import Metrics
from service.observability.metrics_sampler import Sampler
from service.settings import Settings
from tests.e2e.conftest import ROOT, free_port, processes
from tests.models import publish_classifier

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
RULES_TEST = DEPLOY / "prometheus" / "alerts_test.yml"
CADDYFILE = DEPLOY / "caddy" / "Caddyfile"
BOARD = DEPLOY / "grafana" / "dashboards" / "rnn-service.json"
DERIVED = r"(_total|_bucket|_sum|_count)?$"


def run(*command, **options):
    """Run a program that may not be installed; return how it ended."""
    if shutil.which(command[0]) is None:
        package = {"promtool": "prometheus"}.get(command[0], command[0])
        pytest.skip(f"{command[0]} is not installed (Debian: apt-get install {package})")
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


class Engine:
    """An engine that does nothing."""

    def activity(self):
        return Activity((), {}, {}, (), None)

    def models(self):
        return []

    def health(self):
        return Health(is_ready=True, reason="")


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """The names of all figures that the service has."""
    metrics = Metrics(CollectorRegistry())
    Sampler(metrics, Engine(), Keyring(tmp_path_factory.mktemp("keys") / "keys"))
    return {family.name for family in metrics.registry.collect()}


@pytest.mark.parametrize("path", [RULES, BOARD], ids=["alerts", "board"])
def test_only_figures_that_exist_are_asked_for(path, figures):
    used = set(re.findall(r"\brnn_\w+", path.read_text()))
    assert used
    assert {name for name in used if re.sub(DERIVED, "", name) not in figures} == set()


def test_the_board_asks_by_labels_that_exist():
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel["targets"]:
            legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            grouped = set(
                re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"])))
            )
            assert legend <= grouped, panel["title"]


def test_every_alert_is_tried_both_ways():
    tried = defaultdict(set)
    for group in yaml.safe_load(RULES_TEST.read_text())["tests"]:
        for case in group["alert_rule_test"]:
            tried[case["alertname"]].add(bool(case["exp_alerts"]))
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    assert tried == {alert: {False, True} for alert in alerts}


def test_the_alert_of_failures_knows_every_reason_that_is_our_fault():
    [reasons] = re.findall(r'reason=~"([^"]+)"', RULES.read_text())
    faults = {kind.code for kind in KINDS.values() if kind.status in (500, 504)}
    assert set(reasons.split("|")) == faults


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert set(rule["annotations"]) == {"summary", "action"}


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "deploy/prometheus/prometheus.yml"),
        ("check", "rules", "deploy/prometheus/alerts.yml"),
        ("test", "rules", "deploy/prometheus/alerts_test.yml"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_promtool_finds_nothing(command):
    done = run("promtool", *command, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def with_all_switched_on():
    """The configuration of Prometheus with the lines that are commented out."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    return re.sub(r"^( *)#(?! \S)", r"\1", text, flags=re.MULTILINE)


def test_prometheus_takes_a_key_and_an_alertmanager_as_the_operations_page_tells(tmp_path):
    assert set(yaml.safe_load(with_all_switched_on())) >= {"alerting", "scrape_configs"}
    (tmp_path / "prometheus.yml").write_text(with_all_switched_on())
    (tmp_path / "key").write_text("a-key")
    shutil.copy(RULES, tmp_path)
    done = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_git_ignores_the_key_of_prometheus():
    assert "/deploy/prometheus/key" in (ROOT / ".gitignore").read_text().splitlines()


def test_compose_passes_settings_on_by_their_names():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    passed = compose["services"]["service"]["environment"]
    assert {"RATE_LIMIT_STORAGE", "MAX_CONCURRENT", "LOG_LEVEL"} <= set(passed)
    known = {name.upper() for name in Settings.model_fields} | {"OTEL_EXPORTER_OTLP_HEADERS"}
    assert set(passed) <= known


def test_caddy_takes_its_configuration(tmp_path):
    # Caddy makes its authority also to validate: not in the home of who runs the tests.
    env = os.environ | {name: str(tmp_path) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    done = run("caddy", "validate", "--adapter", "caddyfile", "--config", CADDYFILE, env=env)
    assert done.returncode == 0, done.stderr


def test_caddy_lets_bodies_through_that_the_service_refuses_in_words():
    [megabytes] = re.findall(r"max_size (\d+)MB", CADDYFILE.read_text())
    most = Settings.model_fields["max_body_bytes"].default
    assert most < int(megabytes) * 1_000_000 < 1.1 * most


def test_containers_mount_files_that_exist():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    mounts = [mount for one in compose["services"].values() for mount in one.get("volumes", [])]
    own = [mount.split(":")[0] for mount in mounts if mount.startswith("./deploy")]
    assert len(own) >= 4
    assert [path for path in own if not (ROOT / path).exists()] == []


def test_the_plan_that_the_operations_page_shows_is_one():
    page = (ROOT / "docs" / "operations.md").read_text()
    [example] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    plan = ServingPlan.model_validate_json(example)
    assert plan.versions == [2, 3, 4, 5]


@pytest.mark.parametrize("name", ["caddy", "prometheus", "grafana"])
def test_what_stands_beside_the_service_is_pinned_and_confined_too(name):
    container = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][name]
    assert re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", container["image"])
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["profiles"]


@pytest.fixture
def scraped(tmp_path, tmp_path_factory):
    """A real service, and the address of a real Prometheus that scrapes it each second."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    publish_classifier(tmp_path / "store")
    with processes(tmp_path_factory) as start:
        (tmp_path / "key").write_text("a-key")
        digest = hashlib.sha256(b"a-key").hexdigest()
        (tmp_path / "keys").write_text(f"prometheus {digest}\n")
        env = {"WORKERS": "2", "API_KEYS_FILE": str(tmp_path / "keys")}
        live = start(tmp_path / "store", env)
        config = yaml.safe_load(with_all_switched_on())
        del config["alerting"]
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(RULES)]
        [job] = config["scrape_configs"]
        job["static_configs"][0]["targets"] = [f"127.0.0.1:{live.port}"]
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
        port = free_port()
        prometheus = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield live, f"http://127.0.0.1:{port}"
        finally:
            prometheus.terminate()
            prometheus.wait(30)


@pytest.mark.e2e
def test_a_real_prometheus_reads_the_real_service_and_its_rules(scraped):
    live, address = scraped
    for _ in range(5):
        requests.post(
            f"{live.base_url}/v1/classify",
            json={"input": "good"},
            headers={"Authorization": "Bearer a-key"},
            timeout=10,
        )

    def ask(query):
        try:
            answer = requests.get(f"{address}/api/v1/query", {"query": query}, timeout=5).json()
        except requests.RequestException:
            return []
        return [float(one["value"][1]) for one in answer.get("data", {}).get("result", [])]

    until = time.monotonic() + 60
    while ask('sum(rnn_requests_total{route="/v1/classify"})') != [5.0]:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert ask('up{job="rnn-service"}') == [1.0]
    rules = requests.get(f"{address}/api/v1/rules", timeout=5).json()["data"]["groups"]
    assert {rule["health"] for group in rules for rule in group["rules"]} <= {"ok", "unknown"}
    assert sum(len(group["rules"]) for group in rules) == 13
