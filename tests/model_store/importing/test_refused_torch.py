"""PyTorch files that cannot be imported say which module, why, and what to do instead."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from tests.model_store.importing.test_onnx_files import NETWORK
from tests.model_store.importing.torch_networks import TOKENS, Classifier, Drawn, layout_of

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def net():
    return Classifier(Drawn(**NETWORK)).eval()


@pytest.fixture
def import_it(run_import, tmp_path, net):
    """Imports a file with a layout, by default the right one."""
    (tmp_path / "vocab.txt").write_text("\n".join(TOKENS))

    def run(path, layout=None, flags=()):
        (tmp_path / "layout.toml").write_text(layout_of(net) if layout is None else layout)
        given = ["--layout", tmp_path / "layout.toml", *flags]
        return run_import(path, "--vocabulary", tmp_path / "vocab.txt", "--maxlen", 9, *given)

    return run


class RunsCode:
    """A pickle that would run a command if anything executed it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def whole(net, path):
    torch.save(net, path)


def scripted(net, path):
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), path)


def checkpoint(net, path):
    torch.save({"epoch": 3, "model_state_dict": net.state_dict()}, path)


def bare_pickle(net, path):
    path.write_bytes(pickle.dumps({"a": 1}))


def with_code(net, path):
    data = pickle.dumps(RunsCode(path.parent / "was_run"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)


def rewritten(net, path, change):
    """A state_dict each of whose members was changed by `change(name, data)`."""
    torch.save(net.state_dict(), path)
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in members.items():
            archive.writestr(one, change(one, data))


def out_of_storage(net, path):
    """A tensor whose shape says more numbers than there are."""
    rewritten(net, path, lambda one, data: data[:-4] if one.endswith("/data/0") else data)


def encrypted(net, path):
    """A zip whose members say that they need a password."""
    torch.save(net.state_dict(), path)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + flags] |= 1
            place = data.find(signature, place + 4)
    path.write_bytes(data)


def pickled_as(content):
    def write(net, path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)

    return write


def without_end(net, path):
    """One number that is told to be a table of a million rows and columns."""
    torch.save({"embedding.weight": torch.zeros(1, 1).expand(10**6, 10**6)}, path)


FILES = {
    "a whole module": (whole, "Classifier, which is code", "model.state_dict()"),
    "TorchScript": (scripted, "TorchScript, which is a program", "model.state_dict()"),
    "a checkpoint": (checkpoint, "more than tensors (epoch", 'state_dict = "model_state_dict"'),
    "a bare pickle": (bare_pickle, "a bare pickle", "model.state_dict()"),
    "a command in a pickle": (with_code, "posix.system, which is code", "model.state_dict()"),
    "a zip with a password": (encrypted, "damaged", "model.state_dict()"),
    "a key without end": (
        pickled_as(b"\x80\x02})" + b"\x85" * 300_000 + b"Ns."),
        "a key is no name",
        "state_dict()",
    ),
    "a tensor of no storage": (
        pickled_as(b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n(NK\x00))tRs."),
        "a tensor is of no storage",
        "state_dict()",
    ),
    "more numbers than memory holds": (without_end, "more than 2 GiB", "smaller model"),
    "numbers that are not there": (out_of_storage, "its numbers are not in the file", "save"),
}


@pytest.mark.parametrize(("write", "reason", "way_out"), FILES.values(), ids=FILES)
def test_a_file_with_more_than_tensors_is_refused_and_nothing_of_it_runs(
    import_it, net, tmp_path, write, reason, way_out
):
    write(net, tmp_path / "model.pt")

    status, _, error = import_it(tmp_path / "model.pt")

    assert status == 1
    assert reason in error
    assert way_out in error
    assert not (tmp_path / "was_run").exists()
    assert not (tmp_path / "store").exists()


def test_the_state_dict_of_a_checkpoint_is_found_by_its_key(import_it, net, tmp_path):
    checkpoint(net, tmp_path / "model.pt")

    layout = layout_of(net) + '\nstate_dict = "model_state_dict"'
    status, out, error = import_it(tmp_path / "model.pt", layout)

    assert status == 0, error
    assert "published mine:1" in out


LAYOUTS = {
    "a module that is not there": ("word_vectors", "vectors", "module 'vectors'", "Its modules:"),
    "a module that is left out": ("'head.0', ", "", "module 'head.0'", "`ignore`"),
    "a head that ends otherwise": ("'head.2']", "'tanh']", "`head`", "nn.Linear"),
    "an activation that nobody has": ("'relu'", "'wavy'", "`head` 'wavy'", "Activations are"),
    "a key that is not known": ("pooling", "poling", "poling: Extra inputs", "docs/migrate.md"),
    "no TOML at all": ("pooling =", "pooling", "layout.toml", "docs/migrate.md"),
}


@pytest.mark.parametrize(("old", "new", "place", "way_out"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_layout_that_does_not_fit_is_refused(import_it, net, tmp_path, old, new, place, way_out):
    torch.save(net.state_dict(), tmp_path / "model.pt")
    layout = layout_of(net)
    assert old in layout

    status, _, error = import_it(tmp_path / "model.pt", layout.replace(old, new))

    assert status == 1
    assert place in error
    assert way_out in error


def test_a_projected_state_is_refused(import_it, net, tmp_path):
    net.reader = nn.LSTM(5, 5, proj_size=2, bidirectional=True)
    torch.save(net.state_dict(), tmp_path / "model.pt")

    status, _, error = import_it(tmp_path / "model.pt")

    assert status == 1
    assert "module 'reader': it has proj_size" in error
    assert "proj_size=0" in error


def test_a_state_dict_without_a_layout_is_told_to_have_one(run_import, net, tmp_path):
    torch.save(net.state_dict(), tmp_path / "model.pt")

    status, _, error = run_import(tmp_path / "model.pt", "--maxlen", 9)

    assert status == 1
    assert "--layout: a state_dict does not say" in error
    assert "docs/migrate.md" in error


def test_a_file_of_a_machine_with_its_bytes_the_other_way_round_is_read(import_it, net, tmp_path):
    """The order that it names was not looked at, and other numbers were published."""

    def turned(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        return np.frombuffer(data, "<f4").astype(">f4").tobytes() if "/data/" in name else data

    torch.save(net.state_dict(), tmp_path / "usual.pt")
    rewritten(net, tmp_path / "turned.pt", turned)

    for name in ("usual.pt", "turned.pt"):
        status, _, error = import_it(tmp_path / name)
        assert status == 0, error

    weights = [tmp_path / f"store/mine/{version}/weights.safetensors" for version in (1, 2)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
