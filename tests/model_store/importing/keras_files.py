"""Files of Keras that cannot be imported, each for a reason of its own."""

import json
import zipfile

import h5py
import numpy as np

from tests.model_store.importing.architectures import randomized

WORDS = {f"w{place}": place for place in range(1, 20)}


class KerasFiles:
    """Writes models and tokenizers of the tests into a folder."""

    def __init__(self, keras, folder):
        self.keras, self.folder = keras, folder

    def model(self, *layers, length=None, mask_zero=False, name="model.keras"):
        base = [
            self.keras.Input((length,)),
            self.keras.layers.Embedding(20, 5, mask_zero=mask_zero),
        ]
        return self.save(self.keras.Sequential([*base, *layers]), name)

    def save(self, model, name="model.keras"):
        randomized(model, 0).save(self.folder / name)
        return self.folder / name

    def course(self, change=lambda layers: None, name="model.keras"):
        """The course's snippet, its configuration changed afterwards."""
        path = self.model(self.keras.layers.LSTM(4, name="reader"), dense(self.keras), name=name)
        with zipfile.ZipFile(path) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
        config = json.loads(members["config.json"])
        change(config["config"]["layers"])
        members["config.json"] = json.dumps(config).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for one, data in members.items():
                archive.writestr(one, data)
        return path

    def tokenizer(self, index=WORDS, **config):
        path = self.folder / "tokenizer.json"
        config["word_index"] = json.dumps(index)
        path.write_text(json.dumps({"class_name": "Tokenizer", "config": config}))
        return path


def dense(keras, units=1, activation="sigmoid", name="answer"):
    return keras.layers.Dense(units, activation=activation, name=name)


def both_outputs(keras, files):
    inputs = keras.Input((None,))
    value = keras.layers.LSTM(3)(keras.layers.Embedding(20, 5)(inputs))
    return files.save(
        keras.Model(inputs, [dense(keras)(value), dense(keras, 2, "softmax", "b")(value)])
    )


def both_inputs(keras, files):
    first, second = keras.Input((None,)), keras.Input((3,))
    value = keras.layers.LSTM(3)(keras.layers.Embedding(20, 5)(first))
    value = keras.layers.Concatenate()([value, second])
    return files.save(keras.Model([first, second], dense(keras)(value)))


def initial_state(keras, files):
    inputs = keras.Input((None,))
    vectors = keras.layers.Embedding(20, 5)(inputs)
    state = keras.layers.GRU(3)(vectors)
    value = keras.layers.GRU(3, name="reader")(vectors, initial_state=state)
    return files.save(keras.Model(inputs, dense(keras)(value)))


def nested(keras, files):
    inner = keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(4)], name="encoder")
    return files.model(inner, dense(keras))


def changed(kind, **config):
    """A change of the layer of one class."""

    def change(layers):
        for layer in layers:
            if layer["class_name"] == kind:
                layer["config"].update(config)

    return lambda keras, files: files.course(change)


def own_class(keras, files):
    def change(layers):
        layers[2] |= {
            "module": "my.code",
            "class_name": "Attention",
            "registered_name": "my>Attention",
        }

    return files.course(change)


def own_activation(keras, files):
    entry = {"module": "my.code", "class_name": "function", "config": "mine",
             "registered_name": "mine"}  # fmt: skip
    return changed("Dense", activation=entry)(keras, files)


def as_lambda(keras, files):
    def change(layers):
        layers[2] |= {"class_name": "Lambda"}

    return files.course(change)


def subclassed(keras, files):
    path = files.course()
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members["config.json"] = json.dumps({"class_name": "MyModel", "config": {"units": 3}}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in members.items():
            archive.writestr(one, data)
    return path


def diverged(keras, files):
    model = keras.Sequential([keras.layers.Embedding(20, 5), keras.layers.LSTM(3), dense(keras)])
    model.build((None, None))
    model.layers[1].set_weights([one * np.nan for one in model.layers[1].get_weights()])
    model.save(files.folder / "model.keras")
    return files.folder / "model.keras"


def weights_alone(keras, files):
    model = keras.Sequential([keras.layers.Embedding(20, 5), keras.layers.LSTM(3), dense(keras)])
    model.build((None, None))
    model.save_weights(files.folder / "model.weights.h5")
    return files.folder / "model.weights.h5"


def linked(keras, files):
    path = files.model(keras.layers.LSTM(4, name="reader"), dense(keras), name="model.h5")
    with h5py.File(path, "a") as file:
        (name, *_) = file["model_weights/answer"].attrs["weight_names"]
        group = file["model_weights/answer"]
        del group[name]
        group[name] = h5py.ExternalLink("/etc/other.h5", "/secret")
    return path


def bytes_as(name, data=b"anything"):
    def write(keras, files):
        (files.folder / name).write_bytes(data)
        return files.folder / name

    return write


def folder(keras, files):
    (files.folder / "saved_model").mkdir()
    return files.folder / "saved_model"


def layers_of(*names, **flags):
    """A model of layers by their classes, each with flags, before the Dense one."""
    return lambda keras, files: files.model(
        *(getattr(keras.layers, name)(**given) for name, given in names), dense(keras), **flags
    )


def zip_of(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    return path


def with_version(path, version):
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = version
        file["model_weights"].attrs["keras_version"] = version
    return path


def with_member(name, change):
    """The course's snippet with one member of its zip changed."""

    def write(keras, files):
        path = files.course()
        with zipfile.ZipFile(path) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for one, data in {**members, name: change(members[name])}.items():
                archive.writestr(one, data)
        return path

    return write


def with_config(content):
    return with_member("config.json", lambda data: content)


def pointing_far_away(data):
    """An HDF5 file whose superblock names a block beyond all offsets (driver information)."""
    return data[:55] + b"\xe6" + data[56:]


def cut_short(keras, files):
    path = files.model(keras.layers.LSTM(4), dense(keras), name="model.h5")
    path.write_bytes(path.read_bytes()[:2000])
    return path


def with_kernel(array):
    """An `.h5` file whose answer has other weights; None for none."""

    def write(keras, files):
        path = files.model(keras.layers.LSTM(4), dense(keras), name="model.h5")
        with h5py.File(path, "a") as file:
            group = file["model_weights/answer"]
            (name, *_) = group.attrs["weight_names"]
            del group[name]
            if array is not None:
                group[name] = array
        return path

    return write
