"""Cards read from a real store, on a disk that may be damaged."""

import json
import shutil

import pytest

from model_store import ServingPlan, Store
from service.engine.cards import MAX_CARD_BYTES, MAX_PICTURE_BYTES, MAX_VERSIONS, Cards
from service.engine.registry import here
from service.errors import ModelNotFound, NotReady, PictureNotFound
from tests.model_store.conftest import about, classifier_files

PNG = b"\x89PNG\r\n\x1a\n of three bytes"
EXTRA = {"README.md": "# Film, tiny ☃\n".encode(), "curves.png": PNG}


@pytest.fixture
def store(tmp_path):
    """Two versions of `film`; the first is what is served."""
    store = Store(tmp_path / "models")
    for accuracy in (0.7, 0.8):
        store.publish("film", classifier_files(**EXTRA), about(accuracy))
    store.write_serving("film", ServingPlan(default=1))
    return store


@pytest.fixture
def shelf(store):
    return Cards(store, here)


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_a_version_that_is_not_served_has_its_card_and_pictures(shelf):
    card = shelf.card("film", 2)
    assert card.text == "# Film, tiny ☃\n"
    assert list(card.pictures) == ["curves.png"]
    assert card.manifest.metrics == {"test_accuracy": 0.8}
    picture = shelf.picture("film", 2, "curves.png")
    assert (picture.body, picture.sha256) == (PNG, card.pictures["curves.png"].sha256)


def test_the_card_has_the_text_of_the_example_call(store, shelf):
    path = store.root / "film" / "2" / "golden.json"
    golden = json.loads(path.read_text())
    assert shelf.card("film", 2).example == golden["cases"][0]["text"]
    flip(path)
    assert shelf.card("film", 2).example is None  # and the card is shown all the same


def test_without_a_number_it_is_the_newest(shelf):
    assert shelf.card("film", None).manifest.version == 2


def test_all_versions_come_beside_the_card(shelf):
    assert [one.version for one in shelf.card("film", 1).versions] == [1, 2]


def test_only_the_newest_versions_come_beside_the_card(store, shelf):
    for _ in range(MAX_VERSIONS):
        store.publish("film", classifier_files(), about(0.9))
    versions = [one.version for one in shelf.card("film", 1).versions]
    assert versions == list(range(3, MAX_VERSIONS + 3))


def test_a_version_without_a_card_says_so_and_has_its_figures(store, shelf):
    files = classifier_files()
    del files["README.md"]
    store.publish("film", files, about(0.9))
    card = shelf.card("film", 3)
    assert (card.text, dict(card.pictures)) == (None, {})
    assert card.manifest.metrics == {"test_accuracy": 0.9}


def test_what_is_too_large_to_show_is_left_out(store, shelf):
    large = {"README.md": bytes(MAX_CARD_BYTES + 1), "curves.png": bytes(MAX_PICTURE_BYTES + 1)}
    store.publish("film", classifier_files(**large), about(0.9))
    card = shelf.card("film", 3)
    assert (card.text, dict(card.pictures)) == (None, {})
    with pytest.raises(PictureNotFound, match="there are none"):
        shelf.picture("film", 3, "curves.png")


@pytest.mark.parametrize(
    "filename",
    ["nix.png", "README.md", "weights.safetensors", "../2/curves.png", "/etc/passwd", ""],
)
def test_what_the_manifest_does_not_list_as_a_picture_is_not_read(shelf, filename):
    with pytest.raises(PictureNotFound, match=r"there are curves\.png"):
        shelf.picture("film", 1, filename)


@pytest.mark.parametrize("name", ["../film", "film/../film", "", "Film", "."])
def test_what_is_no_name_of_a_model_is_not_looked_up(shelf, name):
    with pytest.raises(ModelNotFound, match="is not allowed"):
        shelf.card(name, 1)


@pytest.mark.parametrize("version", [0, -1, 3])
def test_what_is_no_version_has_no_card(shelf, version):
    with pytest.raises(ModelNotFound):
        shelf.card("film", version)


def test_a_damaged_card_is_not_shown(store, shelf):
    flip(store.root / "film/1/README.md")
    with pytest.raises(ModelNotFound, match=r"film:1: README\.md: sha256 differs"):
        shelf.card("film", 1)


def test_a_damaged_picture_is_not_shown_and_its_card_is(store, shelf):
    flip(store.root / "film/1/curves.png")
    assert shelf.card("film", 1).text
    with pytest.raises(ModelNotFound, match=r"film:1: curves\.png: sha256 differs"):
        shelf.picture("film", 1, "curves.png")


def test_a_picture_that_a_link_leads_elsewhere_is_not_shown(store, shelf, tmp_path):
    (tmp_path / "secret").write_bytes(PNG)
    picture = store.root / "film/1/curves.png"
    picture.unlink()
    picture.symlink_to(tmp_path / "secret")
    with pytest.raises(ModelNotFound, match="path escapes"):
        shelf.picture("film", 1, "curves.png")


def test_damage_of_one_version_leaves_the_cards_of_the_others(store, shelf):
    flip(store.root / "film/2/manifest.json")
    card = shelf.card("film", 1)
    assert [one.version for one in card.versions] == [1]
    assert "film:2: manifest.json" in card.unreadable[2]


def test_a_store_that_is_away_is_a_matter_of_time_and_its_place_a_secret(store, shelf):
    shutil.rmtree(store.root)
    with pytest.raises(NotReady, match="cannot be read now") as refused:
        shelf.card("film", 1)
    assert str(store.root) not in refused.value.message


def test_the_engine_shows_the_cards_of_its_store(make_engine):
    engine = make_engine()
    assert engine.card("sentiment", 1).manifest.name == "sentiment"
    with pytest.raises(PictureNotFound, match="sentiment:1 has no picture"):
        engine.picture("sentiment", None, "curves.png")
