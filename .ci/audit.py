"""Looks the pinned packages up among the known vulnerabilities.

Command: `python .ci/audit.py`. It ends with 1 if one has any, and with 2 if the look itself went
wrong. Where the advisories cannot be reached it says so and ends with 0: a missing network is no
finding, but no clean bill either.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

PINS = (
    "constraints.txt",
    "requirements-service.txt",
    "requirements-fast.txt",
    "requirements-import.txt",
    "requirements-train.txt",
)
PATIENCE_S = 300
HAS_HOLES, WENT_WRONG = 1, 2
UNREACHABLE = "pip-audit: the advisories could not be reached; no package was looked up"
NETWORK = re.compile(
    r"ConnectionError|ServiceError|Timeout|ProxyError|SSLError|[Cc]ould not connect"
)
"""What pip-audit says on standard error when its advisories cannot be had."""


def main() -> int:
    """Ask pip-audit and put its answer into words."""
    files = [word for pins in PINS for word in ("--requirement", pins)]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format=json"]
    try:
        run = subprocess.run(
            [*command, *files], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        print(UNREACHABLE)
        return 0
    try:
        packages = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        if NETWORK.search(run.stderr):
            print(UNREACHABLE)
            return 0
        print(f"pip-audit failed:\n{run.stderr[-2000:]}")
        return WENT_WRONG
    return tell(packages)


def tell(packages: Sequence[dict[str, Any]]) -> int:
    """Print what was found of each package; return the exit status."""
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    if len(unknown) == len(packages):
        print(UNREACHABLE)
        return 0
    holes = [(one, hole) for one in packages for hole in one.get("vulns", ())]
    for one, hole in holes:
        fixed = ", ".join(hole["fix_versions"]) or "no version yet"
        print(f"{one['name']} {one['version']}: {hole['id']}, fixed in {fixed}")
    known = len(packages) - len(unknown)
    print(f"pip-audit: {known} packages looked up, {len(holes)} known vulnerabilities")
    if unknown:
        print(f"pip-audit: nothing is known of {', '.join(unknown)}")
    return HAS_HOLES if holes else 0


if __name__ == "__main__":
    sys.exit(main())
