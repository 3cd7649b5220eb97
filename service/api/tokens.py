"""`/tokenize`, `/detokenize` and `/tokenizer_info`: a model's tokens, as vLLM's server tells them.

Spec: vllm-project/vllm, `vllm/entrypoints/serve/tokenize/protocol.py`. `tokens` are those that the
same text counts as `prompt_tokens`, and may be sent in its place as the `prompt` of
`/v1/completions`. No network runs, so nothing counts as an answer of the model.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from service.api.body import parse_json
from service.api.docs.operation import FOREIGN, Operation
from service.api.engine_protocol import VocabularyProtocol
from service.api.errors import BAD_REQUEST, SchemaError
from service.api.handler import Route
from service.api.limits import check_text
from service.api.protocol_requests import ProtocolRequest, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import ModelName, Prompt, documented
from service.api.response_schemas import Answer
from service.api.whole_numbers import Whole
from service.engine.types import ModelInfo

DEFAULT_VERB = "generate"  # whose clients name no model
TOKENIZER_CLASS = "PreTrainedTokenizerFast"  # what `transformers` reads a `tokenizer.json` with
SPECIAL_FIELDS = {
    "bos_token": "<bos>",
    "eos_token": "<eos>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
}

TokenId = Annotated[int, Whole(0, 2**63 - 1)]


class TokenizeAsk(ProtocolRequest):
    """A text to be told in tokens."""

    model: ModelName | None = None
    """A model, as `name`, `name:version` or `name:label`; the default generator if left out."""

    prompt: Prompt
    """The text. One that is just a special token, such as `<eos>`, is that token."""

    add_special_tokens: bool | None = None
    """Accepted: what stands before every prompt, the model puts there itself."""

    return_token_strs: bool | None = None
    """Also tell the tokens as the vocabulary writes them."""


class TokenizeBody(Answer):
    """A text's tokens."""

    count: int
    """How many they are."""

    max_model_len: int
    """How many the model takes at most; a classifier cuts what is longer."""

    tokens: list[int]
    """Their numbers in the model's vocabulary."""

    token_strs: list[str] | None
    """The tokens as the vocabulary writes them, if asked for; they need not be whole characters."""


class DetokenizeAsk(ProtocolRequest):
    """Tokens to be told as text."""

    model: ModelName | None = None
    """A model, as `name`, `name:version` or `name:label`; the default generator if left out."""

    tokens: Annotated[
        list[TokenId], Field(fail_fast=True), documented(limits={"maxItems": "max_text_chars"})
    ]
    """Numbers of the model's own vocabulary."""


class DetokenizeBody(Answer):
    """A text."""

    prompt: str
    """The tokens' text, special ones left out."""


class TokenizerInfoBody(Answer):
    """A model's tokenizer, in the fields of `tokenizer_config.json`."""

    tokenizer_class: str
    """The class of `transformers` that reads it."""

    model_max_length: int
    """Tokens that the model takes at most."""

    bos_token: str | None
    """Stands before every prompt; the model puts it there itself."""

    eos_token: str | None
    """Ends an answer."""

    pad_token: str | None
    """Fills rows up."""

    unk_token: str | None
    """What the vocabulary does not know."""

    add_bos_token: bool
    """Always false: `/tokenize` adds none."""

    clean_up_tokenization_spaces: bool
    """Always false: texts come back as they are."""


def tokenize(request: Request) -> Reply:
    """Answer with a text's tokens."""
    ask = parse_json(TokenizeAsk, request)
    check_text(ask.prompt, request.settings, "prompt")
    vocabulary = request.engine.vocabulary(ask.model, DEFAULT_VERB)
    special = vocabulary.special_ids.get(ask.prompt)
    token_ids = vocabulary.encode(ask.prompt) if special is None else [special]
    body = {
        "count": len(token_ids),
        "max_model_len": longest(vocabulary.info),
        "tokens": token_ids,
        "token_strs": vocabulary.pieces(token_ids) if ask.return_token_strs else None,
    }
    return _reply(body, ask)


def detokenize(request: Request) -> Reply:
    """Answer with the text of tokens."""
    ask = parse_json(DetokenizeAsk, request)
    most = request.settings.max_text_chars
    if len(ask.tokens) > most:
        raise SchemaError(
            f"`tokens` has {len(ask.tokens)} numbers, at most {most} are allowed; send them in "
            "parts",
            param="tokens",
        )
    vocabulary = request.engine.vocabulary(ask.model, DEFAULT_VERB)
    return _reply({"prompt": vocabulary.decode(ask.tokens)}, ask)


def tokenizer_info(request: Request) -> Reply:
    """Answer with what a client needs to know of a model's tokenizer."""
    model = request.query("model")
    if model == "":
        raise SchemaError("`model` is empty; name a model or leave it out", param="model")
    vocabulary = request.engine.vocabulary(model, DEFAULT_VERB)
    return json_reply(
        {
            "tokenizer_class": TOKENIZER_CLASS,
            "model_max_length": longest(vocabulary.info),
            **_special_tokens(vocabulary),
            "add_bos_token": False,
            "clean_up_tokenization_spaces": False,
        }
    )


def longest(info: ModelInfo) -> int:
    """Return how many tokens of a text a model takes at most."""
    return info.max_prompt_tokens or info.max_seq_len


def _special_tokens(vocabulary: VocabularyProtocol) -> dict[str, str | None]:
    known = vocabulary.special_ids
    return {name: token if token in known else None for name, token in SPECIAL_FIELDS.items()}


def _reply(body: Mapping[str, object], ask: ProtocolRequest) -> Reply:
    reply = json_reply(body)
    reply.headers += ignored_fields(ask)
    return reply


TOKEN_ROUTES = (
    Route("/tokenize", tokenize, "POST", "A text's tokens (vLLM)", error_statuses=BAD_REQUEST),
    Route(
        "/detokenize", detokenize, "POST", "The text of tokens (vLLM)", error_statuses=BAD_REQUEST
    ),
    Route(
        "/tokenizer_info",
        tokenizer_info,
        summary="What a tokenizer is (vLLM)",
        error_statuses=BAD_REQUEST,
    ),
)
TOKEN_OPERATIONS = {
    "POST /tokenize": Operation(
        FOREIGN,
        TokenizeBody,
        TokenizeAsk,
        {"A text": {"prompt": "To be", "return_token_strs": True}},
        "work",
    ),
    "POST /detokenize": Operation(
        FOREIGN, DetokenizeBody, DetokenizeAsk, {"Tokens": {"tokens": [12, 20, 5]}}, "work"
    ),
    "GET /tokenizer_info": Operation(
        FOREIGN,
        TokenizerInfoBody,
        reach="work",
        query={"model": "A model, as `name`, `name:version` or `name:label`."},
    ),
}
