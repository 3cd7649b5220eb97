"""ONNX graphs keep their graph, get the service's ends, and answer as ONNX Runtime does."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from model_store import Store
from model_store.onnx_runtime import ort
from tests.model_store.importing.architectures import probabilities, texts
from tests.model_store.importing.test_torch_networks import MAX_LEN, read
from tests.model_store.importing.torch_networks import TOKENS, Classifier, Drawn

pytestmark = pytest.mark.filterwarnings("ignore")
NETWORK: dict = {
    "cell": "lstm", "nonlinearity": "tanh", "hidden_size": 5, "num_layers": 1, "bias": True,
    "bidirectional": True, "batch_first": True, "pooling": "last", "dense": ("relu",),
    "norm": None, "num_outputs": 1, "is_packed": False, "seed": 3,
}  # fmt: skip


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(TOKENS))
    return path


class ByIds(torch.nn.Module):
    """The usual classifier over a tensor of token ids."""

    def __init__(self, drawn):
        super().__init__()
        self.net = Classifier(drawn)

    def forward(self, token_ids):
        outputs, state = self.net.reader(self.net.word_vectors(token_ids))
        return self.net.head(self.net._pooled(outputs, state, torch.zeros(1, dtype=torch.long)))


@pytest.mark.e2e
@pytest.mark.parametrize("padding", ["none", "pre"])
def test_what_torch_exported_answers_over_http_as_torch_does(
    served, shared_store, run_import, vocabulary, tmp_path, padding
):
    net = ByIds(Drawn(**NETWORK)).eval()
    path = tmp_path / "model.onnx"
    torch.onnx.export(
        net, (torch.ones(1, 7, dtype=torch.long),), path, dynamo=False, input_names=["ids"],
        output_names=["logits"], dynamic_axes={"ids": [0, 1], "logits": [0]},
    )  # fmt: skip
    sent = texts(1)
    rows = [read(text, is_packed=True) for text in sent]
    if padding == "pre":
        rows = [[0] * (MAX_LEN - len(row)) + row for row in rows]
    with torch.inference_mode():
        wanted = torch.cat([torch.sigmoid(net(torch.tensor([row]))) for row in rows])

    status, out, error = run_import(
        *(path, "--vocabulary", vocabulary, "--maxlen", MAX_LEN, "--logits", "--padding", padding),
        store=shared_store,
    )

    assert status == 0, error
    assert ("each input is run alone" in out) == (padding == "none")
    newest = Store(shared_store).versions("mine")[-1]
    got = np.array([one["probs"] for one in served(newest, sent)["data"]])
    assert np.abs(got - probabilities(wanted.numpy())).max() < 1e-5


def gru_of_numbers(path, *, cell="GRU", external=None):
    """Write a graph: numbers (time, batch, 3) and int64 lengths in, two probabilities out."""
    generator = np.random.default_rng(0)
    rows = 4 * {"GRU": 3, "RNN": 1}[cell]
    arrays = {"W": (1, rows, 3), "R": (1, rows, 4), "O": (4, 2)}
    constants = [
        onnx.numpy_helper.from_array(generator.normal(size=shape).astype(np.float32), name)
        for name, shape in arrays.items()
    ]
    constants.append(onnx.numpy_helper.from_array(np.array([0]), "axis"))
    nodes = [
        helper.make_node("Cast", ["sizes"], ["short"], to=TensorProto.INT32),
        helper.make_node(cell, ["x", "W", "R", "", "short"], ["", "last"], hidden_size=4),
        helper.make_node("Squeeze", ["last", "axis"], ["state"]),
        helper.make_node("MatMul", ["state", "O"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["answer"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["t", "b", 3]),
        helper.make_tensor_value_info("sizes", TensorProto.INT64, ["b"]),
    ]
    outputs = [
        helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["b", 2]),
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", 2]),
    ]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    if external is None:
        onnx.save(model, path)
    else:
        onnx.save(model, path, save_as_external_data=True, location=external, size_threshold=60)
    return path


FLAGS = ("--input", "x", "--lengths", "sizes", "--output", "answer", "--time-first", "--maxlen", 30)


@pytest.mark.parametrize("external", [None, "weights.bin"])
@pytest.mark.parametrize("cell", ["GRU", "RNN"])
def test_a_graph_with_lengths_and_time_first_answers_as_it_did(
    run_import, tmp_path, cell, external
):
    path = gru_of_numbers(tmp_path / "model.onnx", cell=cell, external=external)
    generator = np.random.default_rng(1)
    values = generator.normal(size=(4, 9, 3)).astype(np.float32)
    lengths = np.array([9, 1, 4, 7])

    status, out, error = run_import(path, *FLAGS, store=tmp_path / "store")

    assert status == 0, error
    stored = Store(tmp_path / "store").open("mine", 1)
    first = ort.InferenceSession(str(path))
    wanted = first.run(["answer"], {"x": values.swapaxes(0, 1), "sizes": lengths})[0]
    feed = {"values": values, "lengths": lengths.astype(np.int32)}
    got = ort.InferenceSession(stored.read("model.onnx")).run(["probs"], feed)[0]
    assert np.abs(got - wanted).max() < 1e-6
    assert stored.config.model_dump()["cell"] == cell.lower()
    assert ("each input is run alone" in out) == (cell == "RNN")


def changed(path, change):
    model = onnx.load(path)
    change(model)
    onnx.save(model, path)


def of_another_domain(model):
    model.graph.node[-1].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def random_too(model):
    node = helper.make_node("RandomNormal", [], ["noise"], name="noise", shape=[1])
    model.graph.node.append(node)


def without_cells(model):
    for node in model.graph.node:
        if node.op_type == "GRU":
            node.op_type = "Identity"


def old(model):
    model.opset_import[0].version = 5


REFUSED = {
    "an operator of another domain": (of_another_domain, "com.example", "operators of ONNX alone"),
    "numbers drawn by chance": (random_too, "draws numbers", "model.eval()"),
    "no recurrent node": (without_cells, "no LSTM, GRU or RNN node", "Import the .keras file"),
    "an old opset": (old, "its opset is 5", "with an opset from"),
}


@pytest.mark.parametrize(("change", "reason", "way_out"), REFUSED.values(), ids=REFUSED)
def test_a_graph_that_cannot_be_served_is_refused(run_import, tmp_path, change, reason, way_out):
    path = gru_of_numbers(tmp_path / "model.onnx")
    changed(path, change)

    status, _, error = run_import(path, *FLAGS)

    assert status == 1
    assert reason in error
    assert way_out in error
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("location", ["../outside.bin", "/etc/passwd", "link.bin", "nowhere.bin"])
def test_external_data_is_read_from_the_files_own_folder_alone(run_import, tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    path = gru_of_numbers(folder / "model.onnx", external="weights.bin")
    (tmp_path / "outside.bin").write_bytes((folder / "weights.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            entry.value = location if entry.key == "location" else entry.value
    path.write_bytes(model.SerializeToString())

    status, _, error = run_import(path, *FLAGS)

    assert status == 1
    assert "tensor 'W'" in error
    assert "outside of the folder" in error or "not there" in error


def test_an_input_that_nothing_gives_is_asked_about(run_import, tmp_path):
    path = gru_of_numbers(tmp_path / "model.onnx")

    status, _, error = run_import(path, "--output", "answer", "--maxlen", 30)

    assert status == 1
    assert "--input: the file has several: x, sizes. Name one by --input" in error
