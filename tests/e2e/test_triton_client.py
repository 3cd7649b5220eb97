"""Triton's own HTTP client, unmodified, against the real server."""

import asyncio
import gc
import operator
import os
import signal
import warnings

import numpy as np
import pytest
import requests

from tests.e2e.test_lifecycle import until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own dependencies' deprecations
    import tritonclient.http as triton
    import tritonclient.http.aio as triton_aio
    from tritonclient.utils import InferenceServerException

pytestmark = pytest.mark.e2e


@pytest.fixture
def client(base_url):
    client = triton.InferenceServerClient(base_url.removeprefix("http://"))
    yield client
    client.close()
    gc.collect()


def texts(*given, name="text", binary=True):
    tensor = triton.InferInput(name, [len(given)], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode() for text in given], object), binary)
    return tensor


def option(name, value, kind):
    tensor = triton.InferInput(name, [1], kind)
    tensor.set_data_from_numpy(np.array([value], triton_to_np(kind)))
    return tensor


def triton_to_np(kind):
    return {"INT32": np.int32, "INT64": np.int64, "FP32": np.float32}[kind]


def test_the_server_and_its_models_are_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("sentiment")
    assert client.is_model_ready("sentiment", "1")
    assert not client.is_model_ready("nix")
    assert not client.is_model_ready("sentiment", "9")


def test_metadata_and_configuration_are_read(client):
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("sentiment")
    assert metadata["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    config = client.get_model_config("shakespeare", "1")
    assert config["max_batch_size"] == 0
    assert config["parameters"]["max_tokens"]["string_value"] == "500"


@pytest.mark.parametrize("binary_in", [True, False], ids=["bytes in", "json in"])
@pytest.mark.parametrize("binary_out", [True, False], ids=["bytes out", "json out"])
@pytest.mark.parametrize("packing", [None, "gzip", "deflate"])
def test_texts_are_classified_alike_in_every_form(client, binary_in, binary_out, packing):
    names = ("label", "score", "probabilities")
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    answer = client.infer(
        "sentiment",
        [texts("a good film", "the plot was dull", binary=binary_in)],
        outputs=outputs,
        request_id="7",
        request_compression_algorithm=packing,
        response_compression_algorithm=packing,
    )
    probs = answer.as_numpy("probabilities")
    assert answer.get_response()["id"] == "7"
    assert probs.shape == (2, 2)
    assert probs.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert answer.as_numpy("score") == pytest.approx(probs.max(axis=1))
    labels = np.array([b"negative", b"positive"], object)[probs.argmax(axis=1)]
    given = [x if isinstance(x, bytes) else x.encode() for x in answer.as_numpy("label")]
    assert given == list(labels)


def test_all_outputs_come_as_bytes_if_none_is_named(client):
    answer = client.infer("sentiment", [texts("good")])
    assert answer.as_numpy("label").shape == (1,)
    assert answer.get_output("score")["parameters"]["binary_data_size"] == 4


def test_the_best_classes_are_told(client):
    wish = triton.InferRequestedOutput("probabilities", class_count=2)
    [best, second] = client.infer("sentiment", [texts("good")], outputs=[wish]).as_numpy(
        "probabilities"
    )[0]
    score, index, label = best.decode().split(":")
    assert ["negative", "positive"][int(index)] == label
    assert float(score) >= float(second.decode().split(":")[0])


def test_text_is_generated_and_the_seed_holds(client):
    inputs = [
        texts("To be", "Or not", name="text_input"),
        option("max_tokens", 10, "INT32"),
        option("temperature", 0.8, "FP32"),
        option("seed", 5, "INT64"),
    ]
    first, second = (
        client.infer("shakespeare", inputs).as_numpy("text_output").tolist() for _ in range(2)
    )
    assert first == second
    assert len(first) == 2


def test_requests_run_side_by_side(base_url):
    client = triton.InferenceServerClient(base_url.removeprefix("http://"), concurrency=4)
    pending = [client.async_infer("sentiment", [texts(f"film {n}")]) for n in range(8)]
    assert all(one.get_result().as_numpy("label").shape == (1,) for one in pending)
    client.close()


@pytest.mark.parametrize("binary_in", [True, False], ids=["bytes in", "json in"])
@pytest.mark.parametrize("binary_out", [True, False], ids=["bytes out", "json out"])
def test_the_asyncio_client_is_answered_in_every_form(base_url, binary_in, binary_out):
    async def ask():
        client = triton_aio.InferenceServerClient(base_url.removeprefix("http://"))
        try:
            outputs = [triton.InferRequestedOutput("label", binary_data=binary_out)]
            inputs = [texts("good", "dull", binary=binary_in)]
            answer = await client.infer("sentiment", inputs, outputs=outputs)
            index = await client.get_model_repository_index()
            return answer.as_numpy("label").shape, len(index)
        finally:
            await client.close()

    assert asyncio.run(ask()) == ((2,), 3)


def test_statistics_grow(client):
    def count():
        [stats] = client.get_inference_statistics("sentiment", "1")["model_stats"]
        return stats["inference_stats"]["success"]["count"]

    before = count()
    client.infer("sentiment", [texts("good")])
    assert count() == before + 1
    assert len(client.get_inference_statistics()["model_stats"]) == 3


def numbers(value):
    """Every number in a JSON value, in order."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [number for one in inner for number in numbers(one)]
    return [value] if isinstance(value, int) else []


def test_statistics_are_those_of_all_workers_and_never_run_backwards(start_process, tiny_store):
    """As perf_analyzer asks: before and after, on connections that any worker may get."""
    live = start_process(tiny_store, {"WORKERS": "2"})

    def told():
        url = f"{live.base_url}/v2/models/sentiment/stats"
        return requests.get(url, timeout=60).json()["model_stats"][0]

    def classify():
        requests.post(f"{live.base_url}/v1/classify", json={"input": "good"}, timeout=60)

    before = told()
    for number in range(1, 41):
        classify()
        after = told()
        stats = after["inference_stats"]
        assert all(map(operator.ge, numbers(stats), numbers(before["inference_stats"])))
        parts = ("success", "queue", "compute_input", "compute_infer", "compute_output")
        assert len({stats[part]["count"] for part in parts}) == 1
        assert stats["success"]["ns"] >= sum(stats[part]["ns"] for part in parts[1:])
        before = after
        if number == 20:
            until(lambda: told()["inference_count"] == 20)
            os.kill(live.worker_pids()[0], signal.SIGKILL)
            until(lambda: len(live.worker_pids()) == 2)
            live.wait_until_ready()
            assert told()["inference_count"] == 20
    until(lambda: told()["inference_count"] == 40)


def test_the_repository_is_listed_and_loading_refused_in_words(client):
    assert {item["state"] for item in client.get_model_repository_index()} == {"READY"}
    for act in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="model_store promote"):
            act("sentiment")


@pytest.mark.parametrize(
    ("model", "tensor", "words"),
    [
        ("nix", texts("a"), "no model"),
        ("sentiment", texts("a", name="words"), "takes text"),
        ("sentiment", texts(" "), "only spaces"),
        ("shakespeare", texts("x" * 5_000, name="text_input"), "this model takes up to 400"),
    ],
)
def test_errors_reach_the_caller_in_words(client, model, tensor, words):
    with pytest.raises(InferenceServerException, match=words):
        client.infer(model, [tensor])
