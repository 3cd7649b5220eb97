"""The OpenAPI document and the service's behaviour agree, as schemathesis sees them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models import publish_classifier, publish_generator
from tests.task_models import publish_tagger, publish_translator

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
# Small enough that what the document allows, these models take.
LIMITS = {"MAX_TOKENS": "32", "MAX_TEXT_CHARS": "200", "MAX_TEXTS": "8", "MAX_N": "4"}


@pytest.fixture(scope="module")
def url(live_service, tmp_path_factory):
    root = tmp_path_factory.mktemp("open_store")
    publish_classifier(root)
    publish_generator(root)
    publish_tagger(root)
    publish_translator(root)
    return live_service(store_dir=root, env=LIMITS | {"LOG_LEVEL": "error"})


def test_the_service_does_what_its_document_says(url, tmp_path):
    """All checks, 5xx among them; the seed makes the requests the same every time."""
    command: list[str | Path] = [
        Path(sys.executable).with_name("schemathesis"),
        *("--config-file", HERE / "schemathesis.toml"),
        *("run", f"{url}/openapi.json"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "3", "--seed", "1", "--no-color"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert re.search(r"Tested: [3-9]\d", done.stdout), done.stdout
