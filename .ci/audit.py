"""Looks the pinned packages up among the known vulnerabilities; ends with 1 if one has any.

Command: `python .ci/audit.py`. Where the advisories cannot be reached it says so, and ends with 0:
a missing network is no finding, but no clean bill either.
"""

import json
import subprocess
import sys

PINS = ("constraints.txt", "requirements-service.txt")
PATIENCE_S = 300


def main() -> int:
    """Ask pip-audit and put its answer into words."""
    files = [word for pins in PINS for word in ("--requirement", pins)]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format=json"]
    try:
        run = subprocess.run(
            [*command, *files], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        packages = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        print("pip-audit: the advisories could not be reached; no package was looked up")
        return 0
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    holes = [(one, hole) for one in packages for hole in one.get("vulns", ())]
    for one, hole in holes:
        fixed = ", ".join(hole["fix_versions"]) or "no version yet"
        print(f"{one['name']} {one['version']}: {hole['id']}, fixed in {fixed}")
    print(
        f"pip-audit: {len(packages) - len(unknown)} packages looked up, {len(holes)} known "
        f"vulnerabilities; {len(unknown)} packages could not be looked up"
    )
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
