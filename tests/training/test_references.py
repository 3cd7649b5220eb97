"""A name means a model of the store, or of the shipped ones where the store has none of it."""

import logging

import pytest

from model_store import ModelNotFound, Store, VersionNotFound
from model_store.__main__ import DEFAULT_STORE as SHIPPED
from tests.models import publish_classifier
from training.references import open_reference


def test_new_store_lends_the_shipped_model_and_says_so(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        stored = open_reference(Store(tmp_path / "new"), "sentiment-small")

    assert stored.path.parent.parent == SHIPPED
    assert caplog.messages == [
        f"sentiment-small is not in {tmp_path / 'new'}: the shipped one is taken"
    ]


def test_model_of_the_store_itself_comes_first(tmp_path):
    own = publish_classifier(tmp_path, "sentiment")

    assert open_reference(Store(tmp_path), "sentiment").path == own.path
    with pytest.raises(VersionNotFound, match="sentiment has no version 5"):
        open_reference(Store(tmp_path), "sentiment:5")


def test_name_that_neither_has_is_told_with_those_of_the_store(tmp_path):
    publish_classifier(tmp_path, "mine")

    with pytest.raises(ModelNotFound, match="no model 'nobody' in the store; there are: mine"):
        open_reference(Store(tmp_path), "nobody")
