from functools import partial

from model_store import StoreReader
from service.engine.loading import load
from service.engine.options import EngineOptions
from service.engine.registry import Registry
from service.engine.shared_plans import SharedPlans
from tests.models import publish_classifier


class VanishingStore(StoreReader):
    """Lists what there was when it was first asked, whatever is there since."""

    listed: list[str] | None = None

    def names(self):
        self.listed = self.listed or super().names()
        return self.listed


def test_a_store_that_vanishes_between_two_looks_takes_no_model_along(tmp_path):
    """The names are there when they are listed, and the versions gone when they are looked for."""
    root = tmp_path / "store"
    publish_classifier(root)
    options = EngineOptions(store_dir=root)
    registry = Registry(VanishingStore(root), partial(load, options=options), SharedPlans())
    registry.refresh()
    root.rename(tmp_path / "elsewhere")

    registry.refresh()

    assert registry.find("sentiment", "classify").info.version == 1
    for model in registry.loaded():
        model.close()
