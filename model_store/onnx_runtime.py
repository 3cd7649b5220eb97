"""ONNX Runtime, kept from reporting: everyone here gets it from this module.

Its official builds send what they run to their maker, from a thread that begins with the import,
and write a number for the machine to the user's cache. The variable is read at the first import,
so it is set before; without that thread the import may also come before a fork.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

__all__ = ["ort"]
