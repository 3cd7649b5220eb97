"""Writes a model to disk and reads the same model back; knows no torch and no flask."""

from model_store.config import (
    RecurrentConfig,
    TaskConfig,
    TextConfig,
    VocabularyConfig,
    parse_config,
)
from model_store.decoding import DecoderConfig, SamplingDefaults
from model_store.errors import (
    CorruptVersion,
    InvalidName,
    InvalidPlan,
    ModelNotFound,
    NoFormerDefault,
    PublishFailed,
    StoreError,
    StoreUnavailable,
    UnknownFormat,
    VersionNotFound,
    WorseVersion,
    WriteFailed,
)
from model_store.golden import TOLERANCE, Golden, GoldenCase, NumbersCase, TextCase
from model_store.manifest import About, Dataset, FileInfo, Manifest, PrimaryMetric
from model_store.reader import StoreReader
from model_store.serving import Canary, ServingPlan
from model_store.store import Store
from model_store.tasks.text_classification import ClassifierConfig
from model_store.tasks.text_generation import GeneratorConfig
from model_store.tokenizer import SPECIAL_TOKENS, Encoding, Tokenizer
from model_store.version import StoredVersion

__all__ = [
    "SPECIAL_TOKENS",
    "TOLERANCE",
    "About",
    "Canary",
    "ClassifierConfig",
    "CorruptVersion",
    "Dataset",
    "Encoding",
    "DecoderConfig",
    "FileInfo",
    "GeneratorConfig",
    "Golden",
    "GoldenCase",
    "InvalidName",
    "InvalidPlan",
    "Manifest",
    "ModelNotFound",
    "NoFormerDefault",
    "NumbersCase",
    "PrimaryMetric",
    "PublishFailed",
    "RecurrentConfig",
    "SamplingDefaults",
    "ServingPlan",
    "Store",
    "StoreError",
    "StoreReader",
    "StoreUnavailable",
    "StoredVersion",
    "TaskConfig",
    "TextCase",
    "TextConfig",
    "Tokenizer",
    "UnknownFormat",
    "VersionNotFound",
    "VocabularyConfig",
    "WorseVersion",
    "WriteFailed",
    "parse_config",
]
