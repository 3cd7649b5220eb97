"""How good translations are: sacreBLEU and chrF, with all references of each sentence.

BLEU as in Papineni et al. 2002, computed as Post 2018 lays down ("13a" tokens, case kept); chrF as
in Popović 2015.
"""

import logging
from collections.abc import Sequence

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from training.data.sentence_pairs import Referenced
from training.tasks.translation.served import ServedTranslator

log = logging.getLogger(__name__)

NUM_SHOWN = 8


def bleu_and_chrf(
    translations: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Return `bleu` and `chrf`, each from 0 to 100.

    Args:
        translations: One for each sentence.
        references: Those of each sentence, at least one; sentences may have different numbers.
    """
    most = max(map(len, references))
    # As many lists as the sentence with most references has; None where another has fewer.
    columns = [
        [each[place] if place < len(each) else None for each in references] for place in range(most)
    ]
    metrics = {"bleu": BLEU(), "chrf": CHRF()}
    return {
        name: float(metric.corpus_score(translations, columns).score)  # type: ignore[arg-type]
        for name, metric in metrics.items()
    }


def translation_figures(
    served: ServedTranslator, sentences: Sequence[Referenced], *, num_beams: int
) -> dict[str, float]:
    """Translate held-out sentences, greedily and by beam search; return and say the figures.

    Args:
        served: The translator.
        sentences: What to translate, with references.
        num_beams: Of the beam search, whose figures begin with "beam_"; 1 leaves it out.
    """
    sources = [sentence.source for sentence in sentences]
    references = [sentence.references for sentence in sentences]
    greedy = served.translate(sources)
    for source, translation in list(zip(sources, greedy, strict=True))[:NUM_SHOWN]:
        log.info("  %r -> %r", source, translation)
    figures = bleu_and_chrf(greedy, references)
    if num_beams > 1:
        by_beams = bleu_and_chrf(served.translate(sources, num_beams=num_beams), references)
        figures |= {f"beam_{name}": value for name, value in by_beams.items()}
    return figures
