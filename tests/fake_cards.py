"""Cards for `FakeEngine`: made of the models that it tells, and of a newer version of one."""

from collections.abc import Iterable
from hashlib import sha256

from model_store import Dataset, FileInfo, Manifest, PrimaryMetric
from service.engine.types import Card, ModelStatus, Picture
from service.errors import ModelNotFound, PictureNotFound

PNG = bytes.fromhex(  # one grey pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636800000082008177cd72b60000000049454e44ae426082"
)
PICTURES = ("calibration.png", "curves.png")
NEWER = {"sentiment": 4}
"""Versions that are stored and not served, by model."""
ACCURACY = {1: 0.85, 2: 0.9, 3: 0.91, 4: 0.925}
EXAMPLE = "words of its own kind"
TEXT = """# {name}

Task: {task}. Network: LSTM, 2 x 8, **tiny**.

```bash
curl -s http://127.0.0.1:8000/v1/classify -d '{{"input": "<b>good</b>"}}'
```

## Figures

| figure | value |
| --- | --- |
| test_accuracy | 0.9250 |

![loss by epoch](curves.png)

## Confusion

| toys: label \\ answer | negative | positive |
| --- | --- | --- |
| negative | 90 | 10 |
| positive | 1,500 | 500 |

## Calibration

![accuracy against confidence](calibration.png)

## Limits

- no irony
- no `<script>`

<img src="x" onerror="document.title = 'taken over'"> ![from elsewhere](http://example.org/x.png)
"""


def fake_manifest(name: str, version: int, task: str, created: int) -> Manifest:
    """Return the manifest of a version, whose accuracy grows with its number."""
    accuracy = ACCURACY.get(version, 0.5)
    contents = dict.fromkeys(PICTURES, PNG)
    contents |= dict.fromkeys(("README.md", "config.json", "model.onnx", "golden.json"), b"x")
    files = {
        file: FileInfo(sha256=sha256(data).hexdigest(), bytes=len(data))
        for file, data in contents.items()
    }
    return Manifest(
        name=name,
        version=version,
        task=task,
        created=created,
        files=files,
        metrics={
            "test_accuracy": accuracy,
            "test_accuracy_low": accuracy - 0.02,
            "test_accuracy_high": accuracy + 0.02,
        },
        primary_metric=PrimaryMetric(name="test_accuracy", higher_is_better=True),
        datasets=(Dataset(name="toys", split="train", rows=1000),),
        command=f"python -m training.train_classifier --name {name}",
    )


def fake_card(
    statuses: Iterable[ModelStatus],
    name: str,
    version: int | None,
    *,
    damaged: frozenset[str] = frozenset(),
) -> Card:
    """Return the card of a version; without its number of the newest."""
    own = [status for status in statuses if status.name == name]
    found = {
        status.version: fake_manifest(name, status.version, own[0].task, status.created)
        for status in own
    }
    if own and name in NEWER:
        found[NEWER[name]] = fake_manifest(name, NEWER[name], own[0].task, 1_700_001_000)
    wanted = version or max(found, default=0)
    if wanted not in found:
        raise ModelNotFound(f"{name} has no version {wanted}", param="model")
    if "README.md" in damaged:
        raise ModelNotFound(f"{name}:{wanted}: README.md: sha256 differs", param="model")
    manifest = found[wanted]
    pictures = {file: manifest.files[file] for file in PICTURES}
    text = TEXT.format(name=name, task=manifest.task)
    return Card(
        manifest, text, pictures, tuple(found[one] for one in sorted(found)), example=EXAMPLE
    )


def fake_picture(card: Card, filename: str, *, damaged: frozenset[str]) -> Picture:
    """Return a picture of a card."""
    if filename not in card.pictures:
        raise PictureNotFound(f"there is no picture {filename!r}", param="picture")
    if filename in damaged:
        raise ModelNotFound(f"{filename}: sha256 differs", param="model")
    return Picture(PNG, card.pictures[filename].sha256)
