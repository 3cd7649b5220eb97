"""Which models are measured: the shipped ones, and two reference sizes with random weights."""

from dataclasses import dataclass
from pathlib import Path

from model_store import StoredVersion, StoreReader, TextConfig
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Models:
    """A store with a classifier and a generator to measure.

    Args:
        label: What reports call the pair.
        store_dir: Where they are.
        classifier: Name of the one.
        generator: Name of the other.
    """

    label: str
    store_dir: Path
    classifier: str
    generator: str

    def versions(self) -> list[StoredVersion]:
        """Open both, as they are served."""
        reader = StoreReader(self.store_dir)
        return [reader.open(name) for name in (self.classifier, self.generator)]

    def loaded_bytes(self) -> int:
        """Return the bytes of all graphs and weights of the store, which a worker loads."""
        reader = StoreReader(self.store_dir)
        served = [reader.open(name) for name in reader.names()]
        return sum(
            info.bytes
            for version in served
            for filename, info in version.manifest.files.items()
            if filename.endswith((".onnx", ".safetensors"))
        )

    def describe(self) -> str:
        """Say in a line what they are."""
        sizes = [
            f"{version.name}: {config.cell} {config.num_layers}x{config.hidden_size}, "
            f"vocabulary {config.vocab_size}"
            for version in self.versions()
            if isinstance(config := version.config, TextConfig)
        ]
        return f"{self.label}: {'; '.join(sizes)}"


def shipped_models(settings: Settings) -> Models | None:
    """Return the models that requests get by default; None if the store lacks one of them."""
    models = Models(
        "shipped", settings.store_dir, settings.default_classifier, settings.default_generator
    )
    names = StoreReader(settings.store_dir).names()
    return models if {models.classifier, models.generator} <= set(names) else None
