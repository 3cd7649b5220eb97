import logging
from dataclasses import asdict
from pathlib import Path

import pytest

from service import wsgi
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.http.startup_checks import METRICS_DIR, note_start
from service.settings import Settings
from tests.models import publish_classifier


def test_the_engine_gets_every_setting_of_its_own():
    settings = Settings(store_dir=Path("/models"), max_queue_size=7, max_n=3, default_generator="x")
    options = asdict(wsgi.engine_options(settings))
    shared = options.keys() & Settings.model_fields.keys()
    assert {name: options[name] for name in shared} == {
        name: getattr(settings, name) for name in shared
    }
    assert {"store_dir", "max_queue_size", "max_n"} <= shared
    assert options["default_models"]["generate"] == "x"


def test_the_defaults_of_settings_and_engine_agree():
    options = asdict(wsgi.engine_options(Settings()))
    standard = asdict(EngineOptions(store_dir=Settings().store_dir))
    keys = {options.pop("signing_key"), standard.pop("signing_key")}
    assert options == standard
    assert [len(key) for key in keys] == [32, 32]


def test_states_are_signed_with_the_key_of_the_settings():
    settings = Settings(state_key="k" * 31 + "é")
    assert wsgi.engine_options(settings).signing_key == ("k" * 31 + "é").encode()
    assert "kkk" not in repr(settings) + repr(wsgi.engine_options(settings))


@pytest.fixture
def _quiet_root_logger():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.mark.usefixtures("_quiet_root_logger")
def test_a_built_application_answers_from_the_store(tmp_path, monkeypatch):
    publish_classifier(tmp_path)
    monkeypatch.setenv("STORE_DIR", str(tmp_path))
    app = wsgi.build()
    try:
        answer = app.test_client().post("/v1/classify", json={"input": "a good film"})
        assert answer.get_json()["model"] == "sentiment"
    finally:
        for chore in app.extensions["chores"]:
            chore.stop()
        app.extensions["engine"].close()


@pytest.mark.usefixtures("_quiet_root_logger")
def test_a_worker_beside_one_that_serves_waits_for_models_instead(tmp_path, monkeypatch):
    """A store that went away while the workers started ended them all."""
    note_start(tmp_path)
    store_dir = tmp_path / "store"
    store_dir.mkdir()
    for name, path in {"STORE_DIR": store_dir, "RUN_DIR": tmp_path}.items():
        monkeypatch.setenv(name, str(path))
    (tmp_path / METRICS_DIR).mkdir()
    app = wsgi.build()
    try:
        assert app.test_client().get("/readyz").status_code == 503
    finally:
        for chore in app.extensions["chores"]:
            chore.stop()
        app.extensions["engine"].close()


@pytest.mark.usefixtures("_quiet_root_logger")
def test_a_store_without_models_ends_the_process_with_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STORE_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        wsgi.build()
    assert ended.value.code == wsgi.CANNOT_LOAD
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("The service cannot start: ")
    assert str(tmp_path) in last


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"default_classifier": "sentimant"}, "did you mean 'sentiment'? There are sentiment;"),
        ({"default_classifier": "sentiment:9"}, "of sentiment these are: 1."),
        ({"default_generator": "bard"}, "there are no models to generate;"),
    ],
    ids=["unknown model", "unknown version", "no such task"],
)
def test_a_default_that_is_not_served_is_told_at_the_start(tmp_path, options, words):
    publish_classifier(tmp_path)
    engine = Engine(EngineOptions(store_dir=tmp_path))
    engine.start()
    [said] = wsgi.default_problems(engine, Settings(store_dir=tmp_path, **options))
    [(name, value)] = options.items()
    assert said.startswith(f"{name.upper()}={value}: ")
    assert words in said
    assert list(wsgi.default_problems(engine, Settings(store_dir=tmp_path))) == []
    engine.close()
