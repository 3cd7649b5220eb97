"""Every field of the protocols of others, with a value to send, and who publishes them.

`tests/field_table.py` makes the table in docs/fields.md of it, `tests/service/api/tasks/
test_foreign_fields.py` sends each.
"""

from service.api.open_inference.request_schemas import IndexAsk, InferAsk
from service.api.tasks.classification.hub import LabelHubAsk
from service.api.tasks.classification.predict import PredictAsk
from service.api.tasks.classification.vllm import VllmClassifyAsk
from service.api.tasks.generation.extension_schemas import TextAsk
from service.api.tasks.generation.openai.schemas import CompletionAsk
from service.api.tasks.tagging.hub import TagHubAsk
from service.api.tasks.translation.hub import TranslationHubAsk
from tests import foreign_servers
from tests.foreign_section import FILM, Body, Section

STREAM = {"stream": True}
TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [FILM]}
BEST = [{"name": "probabilities", "parameters": {}}]

COMPLETIONS = Section(
    "POST /v1/completions",
    "/v1/completions",
    CompletionAsk,
    "OpenAI (`openai-openapi`, openapi.yaml); vLLM (`entrypoints/openai/completion/protocol.py`); "
    "older vLLM's `guided_*`; TGI's `typical_p`",
    """model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty
    seed stop stream stream_options.include_usage stream_options.include_obfuscation suffix
    temperature top_p user
    stream_options.continuous_usage_stats use_beam_search top_k min_p repetition_penalty
    watermarking length_penalty stop_token_ids include_stop_str_in_output ignore_eos min_tokens
    skip_special_tokens spaces_between_special_tokens truncate_prompt_tokens truncation_side
    allowed_token_ids prompt_logprobs logprob_token_ids bad_words prompt_embeds add_special_tokens
    response_format structured_outputs priority request_id session_id return_tokens_as_token_ids
    return_token_ids routed_experts_prompt_start return_token_offsets return_mm_kwargs cache_salt
    kv_transfer_params ec_transfer_params vllm_xargs repetition_detection thinking_token_budget
    stream_interval guided_json guided_regex guided_choice guided_grammar guided_decoding_backend
    guided_whitespace_pattern logits_processors typical_p""",
    {"prompt": "To be", "max_tokens": 4, "seed": 1},
    {
        "model": "shakespeare", "prompt": ["To be", "or not"], "best_of": 2, "echo": True,
        "frequency_penalty": 1, "logit_bias": {"5": 1}, "logprobs": 2, "max_tokens": 3, "n": 2,
        "presence_penalty": 1, "seed": 7, "stop": ["a", "b", "c", "d", "e"], "stream": True,
        "stream_options.include_usage": True, "stream_options.include_obfuscation": True,
        "stream_options.continuous_usage_stats": True, "suffix": "the end", "temperature": 0,
        "top_p": 0.9, "user": "me", "use_beam_search": True, "top_k": 5, "min_p": 0.1,
        "repetition_penalty": 1.2, "watermarking": True, "length_penalty": 2,
        "stop_token_ids": [5], "include_stop_str_in_output": True, "ignore_eos": True,
        "min_tokens": 2, "skip_special_tokens": False, "spaces_between_special_tokens": False,
        "truncate_prompt_tokens": 3, "truncation_side": "left", "allowed_token_ids": [5],
        "prompt_logprobs": 1, "logprob_token_ids": [5], "bad_words": ["be"],
        "prompt_embeds": "AAAA", "add_special_tokens": False,
        "response_format": {"type": "json_object"}, "structured_outputs": {"regex": "a+"},
        "priority": 1, "request_id": "mine", "session_id": "mine",
        "return_tokens_as_token_ids": True, "return_token_ids": True,
        "routed_experts_prompt_start": 1, "return_token_offsets": True, "return_mm_kwargs": True,
        "cache_salt": "salt", "kv_transfer_params": {"a": 1}, "ec_transfer_params": {"a": 1},
        "vllm_xargs": {"a": 1}, "repetition_detection": {"max_pattern_size": 3},
        "thinking_token_budget": 9, "stream_interval": 4, "guided_json": {}, "guided_regex": "a+",
        "guided_choice": ["a", "b"], "guided_grammar": "a", "guided_decoding_backend": "xgrammar",
        "guided_whitespace_pattern": " ", "logits_processors": ["a.b"], "typical_p": 0.5,
    },
    {
        "stream_options.include_usage": STREAM,
        "stream_options.include_obfuscation": STREAM,
        "stream_options.continuous_usage_stats": STREAM,
    },
)  # fmt: skip

CLASSIFY = Section(
    "POST /classify",
    "/classify",
    VllmClassifyAsk,
    "vLLM (`entrypoints/pooling/classify/protocol.py` and `base/protocol.py`); `explain`, "
    "`return_state` and `state` are ours",
    """model user input truncate_prompt_tokens truncation_side padding request_id priority
    mm_processor_kwargs cache_salt add_special_tokens use_activation messages softmax activation""",
    {"input": FILM},
    {
        "model": "sentiment", "user": "me", "input": [12, 40, 7], "truncate_prompt_tokens": 3,
        "truncation_side": "left", "padding": "max_length", "request_id": "mine", "priority": 1,
        "mm_processor_kwargs": {"a": 1}, "cache_salt": "salt", "add_special_tokens": False,
        "use_activation": False, "messages": [{"role": "user", "content": "a"}], "softmax": False,
        "activation": False, "explain": True, "return_state": True, "state": [None],
    },
)  # fmt: skip

LABEL_PARAMETERS: Body = {
    "parameters.top_k": 1, "parameters.max_length": 3, "parameters.function_to_apply": "sigmoid",
    "parameters.return_all_scores": False, "parameters.truncation": False,
    "parameters.padding": True, "parameters.candidate_labels": ["sports", "politics"],
    "parameters.hypothesis_template": "This is {}.", "parameters.multi_label": True,
}  # fmt: skip
OPTIONS = {"options": {"use_cache": False, "wait_for_model": True}}

PREDICT = Section(
    "POST /predict",
    "/predict",
    PredictAsk,
    "text-embeddings-inference (`docs/openapi.json`); Hugging Face's tasks `text-classification` "
    "and `zero-shot-classification`, and its pipelines' own arguments; `model` is ours",
    """inputs raw_scores truncate truncation_direction options parameters.top_k
    parameters.function_to_apply parameters.candidate_labels parameters.hypothesis_template
    parameters.multi_label parameters.truncation parameters.padding parameters.max_length
    parameters.return_all_scores""",
    {"inputs": FILM},
    {"inputs": [[FILM], ["dull"]], "raw_scores": True, "truncate": True,
     "truncation_direction": "right", "model": "sentiment", **OPTIONS, **LABEL_PARAMETERS},
)  # fmt: skip

HUB_LABELS = Section(
    "POST /models/NAME, labels",
    "/models/sentiment",
    LabelHubAsk,
    "Hugging Face's tasks `text-classification` and `zero-shot-classification`, and its pipelines' "
    "own arguments",
    """inputs options parameters.top_k parameters.function_to_apply parameters.candidate_labels
    parameters.hypothesis_template parameters.multi_label""",
    {"inputs": FILM},
    {"inputs": [FILM, "dull"], **OPTIONS, **LABEL_PARAMETERS},
)

HUB_TAGS = Section(
    "POST /models/NAME, tags",
    "/models/pos",
    TagHubAsk,
    "Hugging Face's task `token-classification`",
    """inputs options parameters.aggregation_strategy parameters.ignore_labels
    parameters.stride""",
    {"inputs": "She reads."},
    {
        "inputs": ["She reads.", "Stop!"], **OPTIONS, "parameters.aggregation_strategy": "simple",
        "parameters.ignore_labels": ["PUNCT"], "parameters.stride": 3,
    },
)  # fmt: skip

HUB_TRANSLATIONS = Section(
    "POST /models/NAME, translations",
    "/models/en-fr",
    TranslationHubAsk,
    "Hugging Face's task `translation`",
    """inputs options parameters.src_lang parameters.tgt_lang parameters.truncation
    parameters.clean_up_tokenization_spaces parameters.generate_parameters""",
    {"inputs": "Where is the station?"},
    {
        "inputs": ["Where is the station?"], **OPTIONS, "parameters.src_lang": "en_XX",
        "parameters.tgt_lang": "fr", "parameters.truncation": "longest_first",
        "parameters.clean_up_tokenization_spaces": True,
        "parameters.generate_parameters": {"num_beams": 4},
    },
)  # fmt: skip

GENERATE = Section(
    "POST /v2/models/NAME/generate, generate_stream",
    "/v2/models/shakespeare/generate",
    TextAsk,
    "Open Inference Protocol (`generate_rest.yaml`); Triton (`extension_generate.md`, its vLLM and "
    "TensorRT-LLM back ends); each may also stand in `parameters`",
    """id text_input temperature top_p max_tokens stop details stream exclude_input_in_output
    sampling_parameters stop_words bad_words random_seed return_log_probs beam_width end_id pad_id
    length_penalty""",
    {"text_input": "To be", "max_tokens": 4, "seed": 1},
    {
        "text_input": "ROMEO:", "id": "1", "max_tokens": 3, "min_tokens": 2, "ignore_eos": True,
        "temperature": 0, "top_k": 5, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.2,
        "presence_penalty": 1, "frequency_penalty": 1, "seed": 7, "stop": ["a"], "details": True,
        "stream": True, "exclude_input_in_output": False, "n": 2, "best_of": 2, "logprobs": 1,
        "return_log_probs": True, "beam_width": 2, "length_penalty": 2, "typical_p": 0.5,
        "logit_bias": {"5": 1}, "stop_token_ids": [5], "stop_words": ["a"], "bad_words": ["a"],
        "random_seed": 7, "sampling_parameters": "{}", "end_id": 3, "pad_id": 0,
    },
)  # fmt: skip

INFER = Section(
    "POST /v2/models/NAME/infer",
    "/v2/models/sentiment/infer",
    InferAsk,
    "Open Inference Protocol (`inference_rest.md`); Triton's extensions (`docs/protocol/`)",
    """id inputs[].name inputs[].shape inputs[].datatype inputs[].data outputs[].name
    parameters.sequence_id parameters.sequence_start parameters.sequence_end parameters.priority
    parameters.timeout parameters.binary_data_output inputs[].parameters.binary_data_size
    inputs[].parameters.shared_memory_region inputs[].parameters.shared_memory_byte_size
    inputs[].parameters.shared_memory_offset outputs[].parameters.shared_memory_region
    outputs[].parameters.shared_memory_byte_size outputs[].parameters.shared_memory_offset
    outputs[].parameters.classification outputs[].parameters.binary_data
    parameters.triton_enable_empty_final_response""",
    {"inputs": [TENSOR], "outputs": BEST},
    {
        "id": "1", "inputs[].name": "text", "inputs[].shape": [1, 1], "inputs[].datatype": "BYTES",
        "inputs[].data": [[FILM]], "outputs[].name": "label", "parameters.sequence_id": 3,
        "parameters.sequence_start": True, "parameters.sequence_end": True,
        "parameters.priority": 1, "parameters.timeout": 9_000_000,
        "parameters.binary_data_output": True,
        "inputs[].parameters.binary_data_size": 4 + len(FILM),
        "inputs[].parameters.shared_memory_region": "a",
        "inputs[].parameters.shared_memory_byte_size": 4,
        "inputs[].parameters.shared_memory_offset": 4,
        "outputs[].parameters.shared_memory_region": "a",
        "outputs[].parameters.shared_memory_byte_size": 4,
        "outputs[].parameters.shared_memory_offset": 4,
        "outputs[].parameters.classification": 2, "outputs[].parameters.binary_data": True,
        "parameters.triton_enable_empty_final_response": True,
    },
)  # fmt: skip

INDEX = Section(
    "POST /v2/repository/index",
    "/v2/repository/index",
    IndexAsk,
    "Triton (`extension_model_repository.md`)",
    "ready",
    {},
    {"ready": True},
)

SECTIONS = (
    COMPLETIONS,
    CLASSIFY,
    PREDICT,
    HUB_LABELS,
    HUB_TAGS,
    HUB_TRANSLATIONS,
    GENERATE,
    INFER,
    INDEX,
    *foreign_servers.SECTIONS,
)
