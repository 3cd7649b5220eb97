"""A stored version gets the card of today under a number of its own, all else byte for byte."""

import pytest

from model_store import About, Store
from tests.models import publish_classifier
from training import republish
from training.errors import UsageError

CARD = """# sentiment

Task: text-classification. Network: old words.

```bash
curl -s …
```

## Figures

| figure | value |
| --- | --- |
| imdb_test_accuracy | 0.9 |

## Confusion

A table.
"""


@pytest.fixture
def store(tmp_path):
    """Version 1 without a card, version 2 with one."""
    stored = publish_classifier(tmp_path)
    files = {name: stored.read(name) for name in stored.manifest.files}
    metrics = {"imdb_test_accuracy": 0.9}
    Store(tmp_path).publish("sentiment", files | {"README.md": CARD.encode()},
                            About(task=stored.manifest.task, metrics=metrics))  # fmt: skip
    return Store(tmp_path)


def test_card_is_written_anew_and_nothing_else(store, tmp_path):
    (tmp_path / "more.md").write_text("## In use\n\nExamples.\n")
    republish.main(["sentiment:2", "--store", str(store.root), "--card", str(tmp_path / "more.md")])

    old, new = store.open("sentiment", 2), store.open("sentiment", 3)
    card = new.read("README.md").decode()
    places = [card.index(part) for part in ("## Figures", "## In use\n\nExamples.", "## Confusion")]
    assert places == sorted(places)
    assert "| accuracy | 0.9 |" in card
    assert "old words" not in card
    assert " parameters." in card
    for name in old.manifest.files.keys() - {"README.md"}:
        assert old.read(name) == new.read(name)
    assert store.verify("sentiment", 3) == []


def test_another_store_gets_the_version_and_this_one_stays(store, tmp_path):
    republish.main(
        ["sentiment:2", "--store", str(store.root), "--card", "--to", str(tmp_path / "b")]
    )

    assert store.versions("sentiment") == [1, 2]
    assert (
        "| accuracy | 0.9 |"
        in Store(tmp_path / "b").open("sentiment", 1).read("README.md").decode()
    )


def test_file_without_a_heading_is_refused(store, tmp_path):
    (tmp_path / "more.md").write_text("Examples.\n")

    with pytest.raises(UsageError, match="more.md should begin with a heading"):
        republish.main(["sentiment:2", "--store", str(store.root),
                        "--card", str(tmp_path / "more.md")])  # fmt: skip
    assert store.versions("sentiment") == [1, 2]
