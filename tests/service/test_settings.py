import subprocess
import sys

import pytest

from service.cores import usable_cores
from service.settings import (
    PROJECT_DIR,
    Settings,
    SettingsError,
    load_settings,
    main,
    unknown_variables,
)


@pytest.fixture
def setenv(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch.setenv


def test_without_variables_the_defaults_hold(setenv):
    settings = load_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.store_dir == PROJECT_DIR / "model_store" / "models"


def test_a_variable_sets_the_field_of_its_name(setenv):
    setenv("PORT", "9000")
    setenv("MAX_WAIT_MS", "1.5")
    setenv("STORE_DIR", "/models")
    settings = load_settings()
    assert (settings.port, settings.max_wait_ms) == (9000, 1.5)
    assert str(settings.store_dir) == "/models"


def test_an_empty_variable_counts_as_unset(setenv):
    setenv("PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "eighty", "a whole number from 1 to 65535"),
        ("PORT", "70000", "a whole number from 1 to 65535"),
        ("WORKERS", "0", "a whole number from 1 to 512"),
        ("LOG_LEVEL", "loud", '"debug" or "info" or "warning" or "error"'),
        ("REQUEST_TIMEOUT_S", "0", "a number above 0, up to 86400"),
        ("REQUEST_TIMEOUT_S", "nan", "a number above 0, up to 86400"),
        ("ALLOW_ANONYMOUS", "perhaps", "true or false"),
        ("DEFAULT_CLASSIFIER", "../x", "a model's name, such as sentiment or sentiment:3"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_what_it_may_be(setenv, name, value, words):
    setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == f"{name}={value}: it must be {words}"


def test_a_key_that_is_too_short_is_refused_and_not_told(setenv):
    setenv("STATE_KEY", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == "STATE_KEY=***: it must be a text of at least 32 characters"


def test_all_bad_values_are_named_at_once(setenv):
    setenv("PORT", "0")
    setenv("WORKERS", "many")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [line.split("=")[0] for line in str(caught.value).splitlines()] == ["PORT", "WORKERS"]


def test_every_field_says_what_it_means():
    for name, field in Settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize(
    ("quota", "cores"), [("50000 100000", 1), ("100000 100000", 1), ("1 100000", 1)]
)
def test_a_containers_share_of_time_bounds_the_workers(tmp_path, quota, cores):
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert usable_cores(file) == cores


@pytest.mark.parametrize("quota", ["max 100000", "", None])
def test_without_a_share_every_core_counts(tmp_path, quota):
    file = tmp_path / "cpu.max"
    if quota is not None:
        file.write_text(quota)
    assert usable_cores(file) == usable_cores(tmp_path / "none") >= 1


def printed(capsys):
    main()
    header, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert header == ["variable", "value", "from", "default"]
    return {name: tuple(rest) for name, *rest in rows}


def test_the_printed_table_tells_every_setting_and_where_it_comes_from(setenv, capsys):
    setenv("PORT", "9000")
    setenv("STORE_DIR", "/models")
    rows = printed(capsys)
    assert list(rows) == [name.upper() for name in Settings.model_fields]
    assert rows["PORT"] == ("9000", "environment", "8000")
    assert rows["STORE_DIR"][:2] == ("/models", "environment")
    assert rows["RATE_LIMIT"] == ("-", "default", "-")
    changed = {name for name, row in rows.items() if row[1] == "environment"}
    assert changed == {"PORT", "STORE_DIR"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://ann:s3cret@host:6379/0", "redis://***@host:6379/0"),
        ("redis://:s3c@ret@host:6379/0", "redis://***@host:6379/0"),
        ("redis://host/0?username=ann&password=s3cret", "redis://host/0?***"),
        ("redis://host:6379/0", "redis://host:6379/0"),
    ],
)
@pytest.mark.parametrize("name", ["RATE_LIMIT_STORAGE", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_the_printed_table_tells_no_password(setenv, capsys, name, url, shown):
    setenv(name, url)
    assert printed(capsys)[name] == (shown, "environment", "-")


def test_a_bad_value_ends_the_table_with_the_services_own_line(setenv, capsys):
    setenv("PORT", "eighty")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr() == (
        "",
        "The service cannot start: PORT=eighty: it must be a whole number from 1 to 65535\n",
    )


def test_the_printed_table_tells_no_key(setenv, capsys):
    setenv("STATE_KEY", "sesame" * 8)
    value, source, default = printed(capsys)["STATE_KEY"]
    assert (set(value), source, default) == ({"*"}, "environment", "-")


def test_a_variable_like_a_setting_is_told_with_the_one_that_was_meant():
    found = list(unknown_variables({"MAX_BATCH_TOKEN": "1", "PORTS": "1", "log_levels": "x"}))
    assert [line.split()[0] for line in found] == ["MAX_BATCH_TOKEN", "PORTS", "log_levels"]
    assert found[0].endswith("did you mean MAX_BATCH_TOKENS?")


@pytest.mark.parametrize("name", ["HOSTNAME", "HOSTTYPE", "PATH", "max_wait_ms",
                                  "KUBERNETES_SERVICE_PORT", "OTEL_SERVICE_NAME"])  # fmt: skip
def test_other_variables_and_settings_in_lower_case_are_left_alone(name):
    assert list(unknown_variables({name: "1"})) == []


def test_the_table_goes_quietly_into_a_pipe_that_closes_early():
    command = f"{sys.executable} -m service.settings | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=PROJECT_DIR, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("variable")
    assert done.stderr == ""
