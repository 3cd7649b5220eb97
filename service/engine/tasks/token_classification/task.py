"""Token classification: a text in, a label for each of its words out."""

from model_store import StoredVersion
from model_store.golden import WordsCase
from model_store.tasks.token_classification import TaggerConfig
from model_store.words import WordVocabulary, split_words
from service.engine.options import EngineOptions
from service.engine.proving import LENGTHS, Refused, golden_cases, prove, read_if_listed
from service.engine.runtime import WEIGHTS
from service.engine.task import EngineTask
from service.engine.tasks.token_classification.runtime import TaggerRuntime, Words
from service.engine.tasks.token_classification.worker import TaggerWorker, encode
from service.engine.types import ModelInfo, VersionId

MODEL, VOCABULARY = "model.onnx", "vocabulary.json"


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, TaggerWorker]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, TaggerConfig)
    vocabulary = _vocabulary(stored, config)
    weights = read_if_listed(stored, WEIGHTS)
    runtime = TaggerRuntime(config, stored.read(MODEL), weights=weights)

    def run(case: WordsCase) -> list[float]:
        words = encode(case.text, split_words(case.text), vocabulary, config.max_word_chars)
        outputs: list[float] = runtime.probs([words])[0].flatten().tolist()
        return outputs

    prove(golden_cases(stored, WordsCase), run)
    runtime.settle_promise(_probes(config))
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        TASK.verb,
        stored.manifest.created,
        classes=config.labels,
        max_seq_len=config.max_words,
    )
    version = VersionId(stored.name, stored.version)
    return info, TaggerWorker(version, runtime, config, vocabulary=vocabulary, options=options)


def _vocabulary(stored: StoredVersion, config: TaggerConfig) -> WordVocabulary:
    try:
        vocabulary = WordVocabulary.model_validate_json(stored.read(VOCABULARY))
    except ValueError as exc:
        raise Refused(f"{VOCABULARY} cannot be read: export the model again") from exc
    if (vocabulary.num_words, vocabulary.num_characters) != (
        config.num_words,
        config.num_characters,
    ):
        raise Refused(f"{VOCABULARY} is not that of config.json: export the model again")
    return vocabulary


def _probes(config: TaggerConfig) -> list[Words]:
    """Return texts of many lengths, the same each time."""
    return [
        Words(
            [(7 * place + count) % config.num_words for place in range(count)],
            [
                [(3 * place + at) % config.num_characters for at in range(1 + place % 9)]
                for place in range(count)
            ],
        )
        for count in LENGTHS
    ]


TASK = EngineTask("token-classification", "tag", "labels words", load)
TASKS = (TASK,)
