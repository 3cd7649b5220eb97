"""Every curl example of the pages is run against the shipped models, and answers what is shown."""

import json
import re
import subprocess

import pytest

from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e

CHANGING = {"id", "created", "request_id"}  # differ from call to call
EXAMPLE = re.compile(r"```bash\n((?:(?!```).)*?)```\n(?:\n```json\n(.*?)```\n)?", re.DOTALL)
README = (ROOT / "README.md").read_text()
STATES = (ROOT / "docs" / "states.md").read_text()
INSIDE = (ROOT / "docs" / "inside.md").read_text()
CURLS = [
    (commands, answer)
    for commands, answer in EXAMPLE.findall(README + STATES + INSIDE)
    if re.search(r"^curl ", commands, re.MULTILINE) and "make " not in commands
]


@pytest.fixture(scope="module")
def shipped_url(live_service):
    return live_service(store_dir=ROOT / "model_store" / "models")


def steady(value):
    """The same answer without what changes from call to call, numbers rounded."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if key not in CHANGING}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def run(commands, url):
    commands = commands.replace("http://127.0.0.1:8000", url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_readme_has_examples_with_answers():
    assert sum(bool(answer) for _, answer in CURLS) >= 3


@pytest.mark.parametrize(("commands", "answer"), CURLS, ids=range(len(CURLS)))
def test_curl_example_answers_as_shown(shipped_url, commands, answer):
    got = run(commands, shipped_url)
    if answer:
        assert steady(json.loads(got)) == steady(json.loads(answer))
