"""The benchmark runs: its smallest form, end to end."""

import json

import pytest

from bench.__main__ import main
from bench.wrk import is_installed

SMALLEST = (
    "--quick --seconds 0.2 --models reference --systems service "
    "--loads bulk,generate --promises 100"
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not is_installed(), reason="needs wrk (apt-get install wrk)"),
]


def test_a_run_measures_compares_and_ends_with_a_line_of_json(capsys, tmp_path):
    picture = tmp_path / "bench.png"

    status = main([*SMALLEST.split(), "--picture", str(picture)])

    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    measured = {(each["system"], each["load"], each["clients"]) for each in document["figures"]}
    assert status == 0
    assert {("service", "bulk", 4), ("service", "generate", 8), ("raw", "generate", 32)} <= measured
    assert all(each["per_s"][0] > 0 for each in document["figures"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    kept = [goal for goal in document["goals"] if "unlike those given alone" in goal["name"]]
    assert [goal["is_met"] for goal in kept] == [True]


def test_an_unknown_load_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--loads", "short,none"])

    assert "unknown: none" in capsys.readouterr().err
