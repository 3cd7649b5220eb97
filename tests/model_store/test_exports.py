import inspect
import re
import types

import model_store
from model_store import errors


def test_all_lists_exactly_the_public_names():
    public = {
        name
        for name, value in vars(model_store).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert set(model_store.__all__) == public
    assert len(model_store.__all__) == len(public)


def test_every_error_is_exported_and_drawn_in_the_tree():
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    drawn = re.findall(r"(?m)^(?=[│├└]|StoreError)[│├└─ ]*(\w+)", errors.__doc__)

    assert classes <= set(model_store.__all__)
    assert sorted(drawn) == sorted(classes)


def test_every_error_is_a_store_error():
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]

    assert all(issubclass(each, errors.StoreError) for each in classes)
