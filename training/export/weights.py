"""A network's weights as one safetensors file that torch and the graphs both read.

The graphs name tensors of this file as ONNX external data, so that weights stand in a version
once. They may be stored in half precision: both sides then widen the same rounded values.
"""

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from model_store.onnx_graph import WEIGHTS as FILENAME
from model_store.safetensors_file import Location, locate

__all__ = ["FILENAME", "Location", "load_weights", "locate", "round_weights", "weights_to_bytes"]


def round_weights(net: nn.Module, dtype: torch.dtype) -> None:
    """Round a net's weights in place to what `dtype` can hold."""
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.to(dtype).to(tensor.dtype))


def _state(net: nn.Module) -> dict[str, Tensor]:
    """Return the state with each tied tensor once, under its first name."""
    seen: set[int] = set()
    state: dict[str, Tensor] = {}
    for name, tensor in net.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            state[name] = tensor.detach()
    return state


def weights_to_bytes(net: nn.Module, dtype: torch.dtype = torch.float32) -> bytes:
    """Return the file's content; every tensor is stored as `dtype`, whole numbers as they are."""
    return save(
        {
            name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
            for name, tensor in _state(net).items()
        }
    )


def load_weights(net: nn.Module, data: bytes) -> None:
    """Load a file's content into `net`, strictly; tied weights stay tied.

    Raises:
        ValueError: Names or shapes differ from the net's.
    """
    state = load(data)
    expected = _state(net)
    if state.keys() != expected.keys():
        raise ValueError(
            f"weights differ from the network: unexpected {sorted(state.keys() - expected)}, "
            f"missing {sorted(expected.keys() - state)}"
        )
    for name, tensor in sorted(state.items()):
        if tensor.shape != expected[name].shape:
            raise ValueError(
                f"{name} is {tuple(tensor.shape)} in the file, "
                f"{tuple(expected[name].shape)} in the network"
            )
        expected[name].copy_(tensor)
