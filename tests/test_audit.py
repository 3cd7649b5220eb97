"""`make audit` fails on what it finds, and tells a missing network from a clean bill."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.e2e.conftest import ROOT

CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["9.9"], "aliases": [], "description": "bad"}
HOLED = {"name": "numpy", "version": "1.0", "vulns": [HOLE]}
UNKNOWN = {"name": "torch", "skip_reason": "not found"}
NO_NETWORK = "requests.exceptions.ConnectionError: Max retries exceeded"


@pytest.fixture
def audit(tmp_path):
    """Runs the audit over a pip-audit that says what it is told to."""

    def run(stdout, stderr="", status=0):
        (tmp_path / "pip_audit.py").write_text(
            f"import sys\nsys.stdout.write({stdout!r})\nsys.stderr.write({stderr!r})\n"
            f"sys.stderr.write(' '.join(sys.argv))\nsys.exit({status})\n"
        )
        return subprocess.run(
            [sys.executable, ".ci/audit.py"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def listed(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("stdout", "stderr", "status", "ends_with", "words"),
    [
        (listed(CLEAN), "", 0, 0, "1 packages looked up, 0 known vulnerabilities"),
        (listed(CLEAN, HOLED), "", 1, 1, "numpy 1.0: PYSEC-1, fixed in 9.9"),
        (listed(CLEAN, UNKNOWN), "", 0, 0, "nothing is known of torch"),
        (listed(UNKNOWN, UNKNOWN), "", 0, 0, "the advisories could not be reached"),
        ("", NO_NETWORK, 1, 0, "the advisories could not be reached"),
        ("", "ERROR: unrecognized arguments: --format", 2, 2, "unrecognized arguments"),
    ],
    ids=["clean", "a hole", "one unknown", "all unknown", "no network", "wrong use"],
)
def test_the_audit_ends_as_its_finding_is(audit, stdout, stderr, status, ends_with, words):
    done = audit(stdout, stderr, status)
    assert words in done.stdout
    assert done.returncode == ends_with


def test_every_pinned_package_is_looked_up(audit):
    done = audit("", "wrong use of ", 2)
    parts = ("service", "fast", "import", "train")
    assert {f"requirements-{part}.txt" for part in parts} | {"constraints.txt"} <= set(
        re.findall(r"[\w-]+\.txt", done.stdout)
    )


def test_the_checks_of_each_change_include_the_audit():
    checks = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    makes = subprocess.run(
        ["make", "--dry-run", "audit"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "audit" in checks.split()
    assert ".ci/audit.py" in makes.stdout
    assert "bandit" in makes.stdout
