import shutil

import numpy as np
import pytest
from onnx import helper, load_from_string, numpy_helper

from model_store import About, Store
from service.engine.continuous_batching import Generator
from service.engine.loading import load
from service.engine.proving import Refused
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.runtime import WEIGHTS, open_session
from service.engine.tasks.text_classification.classifier import Classifier
from tests.models import publish_classifier, publish_generator


def answer(model):
    assert isinstance(model.worker, Classifier)
    return model.worker.classify(ClassifyRequest(("a good film",)))[0]


def written(model, request):
    assert isinstance(model.worker, Generator)
    generation = model.worker.generate(request)
    assert generation is not None
    answers = generation.result()
    model.close(5)
    return answers[0]


def test_a_classifier_is_told_as_it_is(tmp_path, options):
    model = load(publish_classifier(tmp_path, labels=("x", "y", "z")), options)

    info = model.info
    assert isinstance(model.worker, Classifier)
    assert (info.name, info.version, info.task) == ("sentiment", 1, "text-classification")
    assert (info.classes, info.max_seq_len, info.can_trace) == (("x", "y", "z"), 40, True)
    assert model.metrics == (("made_up", 0.5),)


def test_a_generator_is_told_as_it_is(tmp_path, options):
    model = load(publish_generator(tmp_path, prompts=("Italian", "Polish")), options)

    info = model.info
    assert isinstance(model.worker, Generator)
    assert (info.max_prompt_tokens, info.max_tokens) == (400, 500)
    assert info.prompts == ("Italian", "Polish")
    assert info.sampling is not None
    assert info.sampling["max_tokens"] == 20


@pytest.mark.parametrize("publish", [publish_classifier, publish_generator])
def test_a_version_with_other_golden_answers_is_refused(tmp_path, options, publish):
    assert load(publish(tmp_path, golden_error=5e-5), options)

    with pytest.raises(Refused, match=r"golden.json.*differs by 0.0002"):
        load(publish(tmp_path, golden_error=2e-4), options)


def test_special_tokens_are_never_drawn_but_for_the_one_that_ends(tmp_path, options):
    model = load(publish_generator(tmp_path, sharpness=0.1, eos_id=None), options)
    sampling = Sampling(max_tokens=400, temperature=2.0, seed=1, logprobs=20)

    entries = written(model, GenerateRequest("a", sampling)).logprobs

    assert len(entries) == 400
    assert min(entry.token_id for entry in entries) >= 4


def test_weights_may_lie_beside_the_graph(tmp_path, options):
    """Exported graphs leave their weights in the safetensors file that torch reads."""
    stored = publish_classifier(tmp_path)
    graph = load_from_string(stored.read("model.onnx"))
    data = b""
    for tensor in graph.graph.initializer:
        if len(tensor.raw_data) > 64:
            offset, length = len(data), len(tensor.raw_data)
            data += tensor.raw_data
            tensor.ClearField("raw_data")
            tensor.data_location = tensor.EXTERNAL
            for key, value in (("location", WEIGHTS), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
    files = {name: stored.read(name) for name in stored.manifest.files}
    files |= {"model.onnx": graph.SerializeToString(), WEIGHTS: data}
    about = About(task=stored.manifest.task)
    beside = Store(tmp_path).publish("beside", files, about)

    assert answer(load(beside, options)) == answer(load(stored, options))


def test_a_graph_that_cannot_run_is_refused_by_the_runtime(tmp_path):
    with pytest.raises(Exception, match="protobuf|Protobuf|INVALID"):
        open_session(b"no graph", None)


def test_memory_of_a_model_goes_with_it(tmp_path, options):
    """A loaded version must not depend on its files any more."""
    model = load(publish_classifier(tmp_path / "store"), options)
    shutil.rmtree(tmp_path / "store")

    assert answer(model)


def test_a_classifier_whose_rows_depend_on_their_batch_is_found_at_its_load(tmp_path, options):
    stored = publish_classifier(tmp_path)
    files = {name: stored.read(name) for name in stored.manifest.files}
    files["model.onnx"] = mixing_rows(stored.read("model.onnx"), "probs")
    mixing = Store(tmp_path).publish("mixing", files, About(task=stored.manifest.task))

    worker = load(mixing, options).worker

    assert isinstance(worker, Classifier)
    texts = ("a good film", "so bad", "dull and slow")
    together, _ = worker.classify(ClassifyRequest(texts))
    assert together == [worker.classify(ClassifyRequest((one,)))[0][0] for one in texts]


def test_a_generator_whose_rows_depend_on_their_batch_is_found_at_its_load(tmp_path, options):
    stored = publish_generator(tmp_path)
    files = {name: stored.read(name) for name in stored.manifest.files}
    files["model.onnx"] = mixing_rows(stored.read("model.onnx"), "logits")
    mixing = Store(tmp_path).publish("mixing", files, About(task=stored.manifest.task))

    def answers(num, seed):
        generator = load(mixing, options)
        assert isinstance(generator.worker, Generator)
        sampling = Sampling(n=num, seed=seed, max_tokens=30, logprobs=1)
        generation = generator.worker.generate(GenerateRequest("a", sampling))
        assert generation is not None
        results = generation.result()
        generator.close(5)
        return [(one.text, one.logprobs) for one in results]

    assert answers(3, seed=5) == [answers(1, seed)[0] for seed in (5, 6, 7)]


def mixing_rows(graph, output):
    """A graph with half of the mean of all rows in each row: the same for a row that is alone."""
    model = load_from_string(graph)
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == output:
                node.output[place] = "own"
    half = numpy_helper.from_array(np.array(0.5, np.float32), "half")
    rows = numpy_helper.from_array(np.array([0], np.int64), "rows")
    model.graph.initializer.extend([half, rows])
    model.graph.node.extend(
        [
            helper.make_node("ReduceMean", ["own", "rows"], ["mean"], keepdims=1),
            helper.make_node("Add", ["own", "mean"], ["both"]),
            helper.make_node("Mul", ["both", "half"], [output]),
        ]
    )
    return model.SerializeToString()
