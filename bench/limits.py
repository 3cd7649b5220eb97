"""What the models alone can do: ONNX Runtime called in a loop, without any server.

As many processes as the service has workers, one thread each. Command of one process:
`python -m bench.limits classify STORE_DIR MODEL --rows 1 --words 30 --seconds 2`; it prints one
JSON line.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.texts import make_texts
from model_store import ClassifierConfig, GeneratorConfig, StoredVersion, StoreReader
from model_store.onnx_runtime import ort

WEIGHTS = "weights.safetensors"
BATCH_TOKENS = 2048  # as the service's MAX_BATCH_TOKENS


def run_processes(
    task: str, stored: StoredVersion, *, rows: int, words: int, workers: int, seconds: float
) -> tuple[float, float]:
    """Run the loop in several processes at once.

    Args:
        task: "classify" or "generate".
        stored: The model.
        rows: Texts of a request, or answers written side by side, of each process.
        words: Length of a text.
        workers: How many processes.
        seconds: How long.

    Returns:
        Texts or tokens per second of all together, and processor seconds for each.
    """
    command = [sys.executable, "-m", "bench.limits", task, str(stored.path.parent.parent)]
    command += [stored.name, f"--rows={rows}", f"--words={words}", f"--seconds={seconds}"]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for process in processes:  # all are loaded before the first begins
        assert process.stdout is not None, "it is a pipe"
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None, "it is a pipe"
        process.stdin.write("go\n")
        process.stdin.flush()
    seen = [json.loads(process.communicate()[0]) for process in processes]
    items = sum(each["items"] for each in seen)
    per_s = sum(each["items"] / each["wall_s"] for each in seen)
    return per_s, sum(each["cpu_s"] for each in seen) / items


def classify_loop(stored: StoredVersion, rows: int, words: int) -> Callable[[], int]:
    """Return a call that tokenizes and classifies `rows` texts, in batches of like length."""
    assert isinstance(stored.config, ClassifierConfig), f"{stored.name} is no classifier"
    session, tokenizer, config = _session(stored), stored.tokenizer(), stored.config
    texts = make_texts(rows, words)

    def run() -> int:
        sequences = [config.cut(ids) for ids in tokenizer.encode_ids_batch(texts)]
        sequences.sort(key=len)
        while sequences:
            size = max(1, BATCH_TOKENS // len(sequences[-1]))
            batch, sequences = sequences[-size:], sequences[:-size]
            lengths = np.array([len(ids) for ids in batch], np.int32)
            token_ids = np.zeros((len(batch), lengths.max()), np.int32)
            for row, ids in zip(token_ids, batch, strict=True):
                row[: len(ids)] = ids
            session.run(["probs"], {"token_ids": token_ids, "lengths": lengths})
        return rows

    return run


def generate_loop(stored: StoredVersion, rows: int) -> Callable[[], int]:
    """Return a call that writes the most probable token of `rows` answers."""
    config = stored.config
    assert isinstance(config, GeneratorConfig), f"{stored.name} is no generator"
    session = _session(stored)
    kinds = ["hidden", "cell"] if config.cell == "lstm" else ["hidden"]
    outputs = ["logits", *(f"{kind}_out" for kind in kinds)]
    shape = (config.num_layers, rows, config.hidden_size)
    feed: dict[str, Any] = {kind: np.zeros(shape, np.float32) for kind in kinds}
    feed["token_ids"] = np.full((rows, 1), config.bos_id, np.int32)
    feed["lengths"] = np.ones(rows, np.int32)

    def run() -> int:
        logits, *state = session.run(outputs, feed)
        feed.update(zip(kinds, state, strict=True))
        feed["token_ids"] = logits.argmax(axis=1)[:, None].astype(np.int32)
        return rows

    return run


def _session(stored: StoredVersion) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if WEIGHTS in stored.manifest.files:
        weights = stored.read(WEIGHTS)
        options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
    return ort.InferenceSession(stored.read("model.onnx"), options)


def main() -> None:
    """Run one process of a limit; it begins when a line comes on standard input."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("task", choices=["classify", "generate"])
    parser.add_argument("store_dir", type=Path)
    parser.add_argument("model")
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--words", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    stored = StoreReader(args.store_dir).open(args.model)
    if args.task == "classify":
        run = classify_loop(stored, args.rows, args.words)
    else:
        run = generate_loop(stored, args.rows)
    run()
    print("ready", flush=True)
    sys.stdin.readline()
    items, started, cpu_started = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < args.seconds:
        items += run()
    wall_s, used_s = time.perf_counter() - started, time.process_time() - cpu_started
    print(json.dumps({"items": items, "wall_s": wall_s, "cpu_s": used_s}))


if __name__ == "__main__":
    main()
