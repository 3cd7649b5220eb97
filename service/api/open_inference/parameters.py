"""Parameters of an `infer` request: which are read, which harm nothing, which are refused.

The protocol lets any be sent with a request, an input or an output. Extensions' specs:
triton-inference-server/server, `docs/protocol/`.
"""

from collections.abc import Collection, Iterator, Mapping

from service.api.limits import checked_whole
from service.api.open_inference.request_schemas import InferAsk, Parameters
from service.api.protocol_requests import refuse

NO_PARAMETERS: Parameters = {}

REQUEST = frozenset({"timeout", "binary_data_output"})
INPUT = frozenset({"binary_data_size"})
OUTPUT = frozenset({"classification", "binary_data"})
"""Those that are read, by where they stand."""

HARMLESS: Mapping[str, str] = {
    "priority": "requests have no order but that of their coming, as in Triton where a model has "
    "no priorities",
    "triton_enable_empty_final_response": "an answer is one whole",
}
"""Those of a request that are let through, by what makes them so."""

SEQUENCE = (
    "no state is kept between requests; send the whole text in one, or use `return_state` of "
    "`/v1/classify` and `/v1/generate`"
)
SHARED = "memory is not shared; send `data`, or bytes after the JSON part"
REFUSED: Mapping[str, str] = {
    "sequence_id": SEQUENCE,
    "sequence_start": SEQUENCE,
    "sequence_end": SEQUENCE,
    "shared_memory_region": SHARED,
    "shared_memory_byte_size": SHARED,
    "shared_memory_offset": SHARED,
}
"""Those that are refused unless they are 0, "" or false, wherever they stand."""


def unknown_parameters(ask: InferAsk, own: Collection[str]) -> list[str]:
    """Return the paths of the parameters that nobody here knows.

    Args:
        ask: The request.
        own: Names of those that the model's task reads.

    Raises:
        SchemaError: One is known and cannot be honoured.
    """
    checked_whole((ask.parameters or NO_PARAMETERS).get("priority", 0), 0, "parameters.priority")
    known = REQUEST | HARMLESS.keys() | set(own)
    found = list(_unknown(ask.parameters, known, ""))
    for place, tensor in enumerate(ask.inputs):
        found += _unknown(tensor.parameters, INPUT, f"inputs[{place}].")
    for place, wish in enumerate(ask.outputs or ()):
        found += _unknown(wish.parameters, OUTPUT, f"outputs[{place}].")
    return found


def _unknown(parameters: Parameters | None, known: Collection[str], path: str) -> Iterator[str]:
    for name, value in (parameters or NO_PARAMETERS).items():
        if name in REFUSED:
            if value:
                refuse(f"{path}parameters.{name}", f"Not supported: {REFUSED[name]}")
        elif name not in known:
            yield f"{path}parameters.{name}"
