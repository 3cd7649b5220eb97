"""What the repository's own files promise: pins, hardening, targets, form."""

import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from service.settings import Settings
from tests import settings_table

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("service", "fast", "import", "train", "dev")  # of the requirements
MAX_MODELS_BYTES = 45_000_000
MAX_README_WORDS = 1_200
TARGETS = "help serve test train-sentiment train-generator bench chaos lint format type cover check"
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def read(name):
    return (ROOT / name).read_text()


def requirements(name):
    lines = (line.split("#")[0].strip() for line in read(name).splitlines())
    return [line for line in lines if line]


def pins(part):
    return [line for line in requirements(f"requirements-{part}.txt") if "==" in line]


def dependencies(names):
    """Names of all that the named packages need, directly or not, as installed here."""
    found: set[str] = set()
    waiting = {canonicalize_name(name) for name in names}
    while waiting:
        name = waiting.pop()
        found.add(name)
        needed = (Requirement(line) for line in metadata.requires(name) or [])
        applying = (one for one in needed if not one.marker or one.marker.evaluate({"extra": ""}))
        waiting |= {canonicalize_name(one.name) for one in applying} - found
    return found


@pytest.fixture
def compose():
    return yaml.safe_load(read("docker-compose.yml"))


@pytest.fixture
def stages():
    """The Dockerfile's instructions by build stage, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", read("Dockerfile"))
    stages: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("FROM "):
            stages[line.split()[-1]] = [line]
        elif line and not line.startswith("#"):
            next(reversed(stages.values())).append(line)
    return stages


@pytest.mark.parametrize("part", PARTS)
def test_every_requirement_is_pinned(part):
    loose = [
        line
        for line in requirements(f"requirements-{part}.txt")
        if not re.fullmatch(r"[\w.-]+==[\w.+!]+|-r requirements-(service|import)\.txt|-c \S+", line)
    ]

    assert not loose


def test_what_the_service_brings_in_is_pinned_too():
    pinned = {Requirement(line).name for line in requirements("constraints.txt")}
    pinned |= {Requirement(line).name for line in pins("service")}
    needed = dependencies({Requirement(line).name for line in pins("service")})

    assert "-c constraints.txt" in requirements("requirements-service.txt")
    assert needed <= {canonicalize_name(name) for name in pinned}, "run: make lock"


def test_training_brings_what_importing_needs():
    assert "-r requirements-import.txt" in requirements("requirements-train.txt")
    assert "-r requirements-service.txt" in requirements("requirements-import.txt")


def test_all_requirements_are_the_three_parts():
    assert requirements("requirements.txt") == [
        f"-r requirements-{part}.txt" for part in ("service", "train", "dev")
    ]


def test_traces_are_tested_with_the_packages_that_are_named_for_them():
    assert set(pins("otel")) <= set(pins("dev"))


def test_no_requirement_is_pinned_twice():
    names = [line.split("==")[0] for part in PARTS for line in pins(part)]

    assert sorted(names) == sorted(set(names))


def test_commit_hooks_run_the_pinned_ruff():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    used = {pin for hook in hooks for pin in hook["additional_dependencies"] if "ruff" in pin}

    assert used == {line for line in requirements("requirements-dev.txt") if "ruff" in line}


def test_help_lists_every_target():
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", read("Makefile"), re.MULTILINE)
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = set(re.findall(r"^  ([a-z-]+)  +[A-Z]", shown, re.MULTILINE))

    assert phony
    assert listed == set(phony[1].replace("\\", " ").split())
    assert listed >= set(TARGETS.split())


@pytest.mark.parametrize("name", ["service", "store", "train"])
def test_container_is_confined(compose, name):
    container = compose["services"][name]

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert all(mount.startswith("/tmp") for mount in container["tmpfs"])
    assert not {"privileged", "cap_add", "user", "pid", "ipc"} & set(container)


def test_every_container_that_runs_our_code_is_checked_above(compose):
    built = {name for name, container in compose["services"].items() if "build" in container}

    assert built == {"service", "store", "train"}


def test_ports_are_published_on_loopback_only(compose):
    ports = [port for one in compose["services"].values() for port in one.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_service_is_watched_restarted_and_limited(compose):
    service = compose["services"]["service"]

    assert service["restart"] == "unless-stopped"
    assert set(service["deploy"]["resources"]["limits"]) >= {"cpus", "memory"}
    assert service["pids_limit"] > 0
    assert "disable" not in service["healthcheck"]


def test_service_has_time_to_drain_before_it_is_killed(compose):
    grace_s = int(compose["services"]["service"]["stop_grace_period"].removesuffix("s"))

    assert grace_s > Settings.model_fields["graceful_timeout_s"].default


def test_nobody_is_let_in_without_a_key_unless_the_port_is_on_loopback(compose, stages):
    assert compose["services"]["service"]["environment"]["ALLOW_ANONYMOUS"] == "1"
    assert not [line for line in stages["service"] if "ALLOW_ANONYMOUS" in line]


def test_service_cannot_write_the_models_that_training_adds(compose):
    mounts = {name: one["volumes"] for name, one in compose["services"].items() if "volumes" in one}

    assert "models:/app/model_store/models:ro" in mounts["service"]
    assert "models:/app/model_store/models" in mounts["train"]
    assert "models:/app/model_store/models" in mounts["store"]


@pytest.mark.parametrize("stage", ["service", "train"])
def test_image_runs_as_a_fixed_user_other_than_root(stages, stage):
    users = [line.split()[1] for line in stages[stage] if line.startswith("USER ")]

    assert users == ["10001:10001"]


def test_service_is_the_default_image_and_checks_its_health(stages):
    assert list(stages)[-1] == "service"
    assert any(line.startswith("HEALTHCHECK ") for line in stages["service"])


def test_service_image_holds_no_part_of_training(stages):
    lines = stages["base"] + stages["build-service"] + stages["service"]

    assert not [line for line in lines if re.search(r"-train|training|torch", line)]


def test_service_image_holds_every_part_of_the_store(stages):
    """`COPY model_store/*.py` takes no folders: an image without its tasks did not start."""
    copied = {line.split()[1] for line in stages["build-service"] if line.startswith("COPY model")}
    folders = {path.parent.name for path in (ROOT / "model_store").glob("*/__init__.py")}

    assert copied == {"model_store/*.py", *(f"model_store/{name}" for name in folders)}


def test_images_share_one_pinned_base(stages):
    outside = {lines[0].split()[1] for lines in stages.values()} - set(stages)

    assert outside == {"python:3.11-slim-bookworm"}


def test_shipped_models_stay_small_enough_for_git():
    names = git("ls-files", "model_store/models").splitlines()

    assert names
    assert sum((ROOT / name).stat().st_size for name in names) <= MAX_MODELS_BYTES


@pytest.mark.parametrize(
    "path",
    [
        "model_store/models/mine/1/model.onnx",
        "model_store/models/sentiment/99/manifest.json",
        "model_store/models/sentiment/serving.json",
        "runs/evaluations/sentiment-5-mine.json",
    ],
)
def test_git_does_not_care_for_own_models_and_evaluations(path):
    """They lay untracked beside the shipped ones, and evaluations changed files that Git has."""
    assert git("check-ignore", path).strip() == path


def git(*argv):
    done = subprocess.run(["git", *argv], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_fast_tests_leave_out_only_what_is_there_and_the_check_leaves_out_nothing():
    fast, whole = (
        subprocess.run(
            ["make", "--dry-run", "--no-print-directory", target],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout
        for target in ("test", "cover")
    )  # fmt: skip
    left_out = re.findall(r"--ignore=(\S+)", fast)

    assert len(left_out) > 5
    assert [path for path in left_out if not (ROOT / path).exists()] == []
    [browser] = re.findall(r"--ignore (\S+)", whole)
    assert f"pytest {browser}" in whole
    assert "check: lint type cover" in read("Makefile")
    assert re.search(r"make .*audit check", read(".ci/run"))


def test_changelog_keeps_its_form():
    lines = read("CHANGELOG.md").splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    kinds = {line.removeprefix("### ") for line in lines if line.startswith("### ")}
    released = re.compile(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d")

    assert versions[0] == "## [Unreleased]"
    assert all(released.fullmatch(line) for line in versions[1:])
    assert kinds <= KINDS


@pytest.mark.parametrize("page", settings_table.PAGES, ids=lambda page: page.name)
def test_settings_are_described_as_they_are(page):
    assert page.read_text() == settings_table.with_table(page), (
        "run: python -m tests.settings_table"
    )


def test_readme_is_read_in_some_minutes():
    assert len(read("README.md").split()) <= MAX_README_WORDS


PAGES = sorted(path.relative_to(ROOT) for where in ("*.md", "docs/*.md", "bench/*.md")
               for path in ROOT.glob(where))  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_to_files_and_headings_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|mailto:)([^)]+)", read(page))
    assert [link for link in links if not leads_somewhere(ROOT / page, link)] == []


def leads_somewhere(page, link):
    name, _, heading = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not heading or heading in anchors(target))


def anchors(page):
    """Headings as GitHub's addresses have them."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
