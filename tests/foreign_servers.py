"""The fields of text-generation-inference, of vLLM's tokens and of TensorFlow Serving."""

from service.api.tasks.generation.tgi.schemas import TgiStreamableAsk
from service.api.tensorflow_serving.schemas import ClassifyExamplesAsk, PredictAsk
from service.api.tokens import DetokenizeAsk, TokenizeAsk
from tests.foreign_section import FILM, Section

TGI = Section(
    "POST /, /generate, /generate_stream; POST /models/NAME, text",
    "/",
    TgiStreamableAsk,
    "text-generation-inference (`docs/openapi.json`); `model` is ours",
    """inputs stream parameters.adapter_id parameters.best_of parameters.decoder_input_details
    parameters.details parameters.do_sample parameters.frequency_penalty parameters.grammar
    parameters.max_new_tokens parameters.repetition_penalty parameters.return_full_text
    parameters.seed parameters.stop parameters.temperature parameters.top_k parameters.top_n_tokens
    parameters.top_p parameters.truncate parameters.typical_p parameters.watermark""",
    {"inputs": "To be"},
    {
        "inputs": "ROMEO:", "model": "shakespeare", "stream": True, "parameters.adapter_id": "a",
        "parameters.best_of": 2, "parameters.decoder_input_details": True,
        "parameters.details": True, "parameters.do_sample": True,
        "parameters.frequency_penalty": 1, "parameters.grammar": {"type": "regex", "value": "a+"},
        "parameters.max_new_tokens": 3, "parameters.repetition_penalty": 1.2,
        "parameters.return_full_text": True, "parameters.seed": 7, "parameters.stop": ["a"],
        "parameters.temperature": 0.5, "parameters.top_k": 5, "parameters.top_n_tokens": 2,
        "parameters.top_p": 0.9, "parameters.truncate": 3, "parameters.typical_p": 0.5,
        "parameters.watermark": True,
    },
)  # fmt: skip

TOKENIZE = Section(
    "POST /tokenize",
    "/tokenize",
    TokenizeAsk,
    "vLLM (`entrypoints/serve/tokenize/protocol.py`, but for chats)",
    "model prompt add_special_tokens return_token_strs",
    {"prompt": "To be"},
    {"model": "sentiment", "prompt": "a", "add_special_tokens": False, "return_token_strs": True},
)

DETOKENIZE = Section(
    "POST /detokenize",
    "/detokenize",
    DetokenizeAsk,
    "vLLM (`entrypoints/serve/tokenize/protocol.py`)",
    "model tokens",
    {"tokens": [12, 20, 5]},
    {"model": "sentiment", "tokens": [7]},
)

ROWS = Section(
    "POST /v1/models/NAME:predict, :explain",
    "/v1/models/sentiment:predict",
    PredictAsk,
    "TensorFlow Serving (`g3doc/api_rest.md`); KServe's V1 Protocol",
    "signature_name instances inputs",
    {"instances": [FILM]},
    {"signature_name": "other", "instances": [[FILM]], "inputs": {"text": [FILM]}},
    {"inputs": {"instances": None}},
)

EXAMPLES = Section(
    "POST /v1/models/NAME:classify",
    "/v1/models/sentiment:classify",
    ClassifyExamplesAsk,
    "TensorFlow Serving (`g3doc/api_rest.md`)",
    "signature_name context examples",
    {"examples": [{"text": FILM}]},
    {"signature_name": "other", "context": {"text": FILM}, "examples": [{"text": [FILM]}]},
)

SECTIONS = (TGI, TOKENIZE, DETOKENIZE, ROWS, EXAMPLES)
