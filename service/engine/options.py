"""The engine's own options: what the service's settings hand it, free of any environment."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32

DEFAULT_MODELS = {
    "classify": "sentiment",
    "generate": "shakespeare",
    "tag": "pos",
    "translate": "en-fr",
}


def new_key() -> bytes:
    """Draw a key to sign with."""
    return secrets.token_bytes(KEY_BYTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOptions:
    """How the engine runs; each field says its meaning, unit and default.

    Args:
        store_dir: Folder of the model store.
        run_dir: Folder of all workers of this start; None if there is one process only.
        default_models: Model that a request means which names none, by what is asked of it
            (`DEFAULT_MODELS`);
            of a verb that is not among them the only model that there is.
        num_extra_versions: Newest versions of each model that are reached by number although the
            store's plan does not name them; 0. Each takes its model's memory.
        max_batch_tokens: Tokens, padding included, in one classification batch, half as many in
            one of a bulk request; 2048, which is under 10 ms of an LSTM 256.
        max_wait_ms: Milliseconds from the first waiting text during which a batch may gather
            company although the engine is free; 0.
        max_queue_size: Inputs, or answers to be written, that may wait for one
            model; 2048. A request that finds the queue empty is taken whatever its size.
        max_generation_rows: Answers that one generator writes at the same time; 64.
        max_n: Answers to one prompt (`n`); 128, OpenAI's own limit.
        max_stop_texts: Stop texts in a request; 32.
        max_stop_chars: Characters of one stop text; 256.
        max_logprobs: Most probable tokens reported at each place; 20.
        max_explain_texts: Texts in a request that asks for an explanation; 32.
        max_occlusion_words: Words of a text explained by occlusion, each of which costs one run
            of the whole text; 256.
        stream_interval_ms: Milliseconds between two pieces of a streamed answer after the first, at
            least half of it, so that a fast model does not spend more on events than on text; 20.
        instruction_set: What 8-bit networks run on, see `recurrent.engine.chosen_path`; "auto".
        signing_key: Signs the states that callers take away; all who are to take them back need
            the same one, of 32 bytes or more; drawn by chance.
    """

    store_dir: Path
    run_dir: Path | None = None
    default_models: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_MODELS))
    num_extra_versions: int = 0
    max_batch_tokens: int = 2048
    max_wait_ms: float = 0.0
    max_queue_size: int = 2048
    max_generation_rows: int = 64
    max_n: int = 128
    max_stop_texts: int = 32
    max_stop_chars: int = 256
    max_logprobs: int = 20
    max_explain_texts: int = 32
    max_occlusion_words: int = 256
    stream_interval_ms: float = 20.0
    instruction_set: str = "auto"
    signing_key: bytes = field(default_factory=new_key, repr=False)
