"""Fields of OpenAI's and vLLM's completions that change nothing here, or cannot be honoured.

Specs: openai/openai-openapi, `openapi.yaml`; vllm-project/vllm,
`vllm/entrypoints/openai/completion/protocol.py`; `typical_p` is TGI's. What is not supported is
refused by name, but for the values that ask for what is done anyway.
"""

from typing import Annotated, Any, Literal

from service.api.protocol_requests import Only, ProtocolRequest
from service.api.whole_numbers import Whole


class OtherFields(ProtocolRequest):
    """What a request may have besides what is honoured."""

    user: str | None = None
    """Accepted, and used for nothing."""

    request_id: str | None = None
    """Accepted, and used for nothing; the header `X-Request-Id` names a request."""

    session_id: str | None = None
    """Accepted, and used for nothing: requests have nothing in common."""

    cache_salt: str | None = None
    """Accepted, and used for nothing: no prompt is kept."""

    stream_interval: Annotated[int, Whole(1)] | None = None
    """Accepted: pieces of a stream go by time, not by tokens."""

    skip_special_tokens: bool | None = None
    """Accepted: the model's own end, the only special token there is, is never part of a text."""

    spaces_between_special_tokens: bool | None = None
    """Accepted, as `skip_special_tokens` is."""

    thinking_token_budget: Annotated[int, Whole(-1)] | None = None
    """Accepted: the models do not think."""

    return_token_offsets: bool | None = None
    """Accepted, and used for nothing, as in vLLM on this route."""

    return_mm_kwargs: bool | None = None
    """Accepted, and used for nothing, as in vLLM on this route."""

    truncation_side: Literal["left", "right"] | None = None
    """Accepted: it only matters with `truncate_prompt_tokens`."""

    suffix: Annotated[Any, Only(("",))] = None
    """Not supported: the models read forwards, and cannot write towards a given end."""

    typical_p: Annotated[Any, Only((1,))] = None
    """Not supported; use `top_p` or `min_p`."""

    stop_token_ids: Annotated[Any, Only(([],))] = None
    """Not supported; use `stop`."""

    include_stop_str_in_output: Annotated[Any, Only((False,))] = None
    """Not supported: stop texts are never part of an answer."""

    bad_words: Annotated[Any, Only(([],))] = None
    """Not supported; use `logit_bias`."""

    allowed_token_ids: Annotated[Any, Only()] = None
    """Not supported; use `logit_bias`."""

    length_penalty: Annotated[Any, Only((1,))] = None
    """Not supported: it belongs to beam search."""

    use_beam_search: Annotated[Any, Only((False,))] = None
    """Not supported; use `best_of`."""

    prompt_logprobs: Annotated[Any, Only()] = None
    """Not supported; use `echo` with `logprobs`."""

    logprob_token_ids: Annotated[Any, Only()] = None
    """Not supported; use `logprobs`, which tells the most probable tokens."""

    truncate_prompt_tokens: Annotated[Any, Only((-1,))] = None
    """Not supported: a prompt that is too long is refused."""

    add_special_tokens: Annotated[Any, Only((True,))] = None
    """Not supported: a prompt always begins with the model's own begin token."""

    prompt_embeds: Annotated[Any, Only()] = None
    """Not supported; send text or token ids as `prompt`."""

    priority: Annotated[Any, Only((0,))] = None
    """Not supported: requests have no order but that of their coming."""

    response_format: Annotated[Any, Only(({"type": "text"},))] = None
    """Not supported: a text is all that the models write."""

    structured_outputs: Annotated[Any, Only(({},))] = None
    """Not supported: a text is all that the models write."""

    guided_json: Annotated[Any, Only()] = None
    """Not supported: a text is all that the models write."""

    guided_regex: Annotated[Any, Only()] = None
    """Not supported; use `stop` and `logit_bias`."""

    guided_choice: Annotated[Any, Only(([],))] = None
    """Not supported; score each choice with `echo` and `logprobs`."""

    guided_grammar: Annotated[Any, Only()] = None
    """Not supported: a text is all that the models write."""

    guided_decoding_backend: Annotated[Any, Only()] = None
    """Not supported: a text is all that the models write."""

    guided_whitespace_pattern: Annotated[Any, Only()] = None
    """Not supported: a text is all that the models write."""

    logits_processors: Annotated[Any, Only(([],))] = None
    """Not supported: a request brings no code."""

    watermarking: Annotated[Any, Only((False,))] = None
    """Not supported: answers are not marked."""

    repetition_detection: Annotated[Any, Only()] = None
    """Not supported; use `repetition_penalty`."""

    return_tokens_as_token_ids: Annotated[Any, Only((False,))] = None
    """Not supported; `/v1/generate` tells `token_id` with `logprobs`."""

    return_token_ids: Annotated[Any, Only((False,))] = None
    """Not supported; `/v1/generate` tells `token_id` with `logprobs`."""

    routed_experts_prompt_start: Annotated[Any, Only((0,))] = None
    """Not supported: the models have no experts."""

    kv_transfer_params: Annotated[Any, Only(({},))] = None
    """Not supported; use `return_state` and `state` on `/v1/generate`."""

    ec_transfer_params: Annotated[Any, Only(({},))] = None
    """Not supported: the models have no encoder."""

    vllm_xargs: Annotated[Any, Only(({},))] = None
    """Not supported: there are no extensions."""
