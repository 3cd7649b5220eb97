"""Texts that come in parts: each is answered as if all before it had been read with it."""

from collections.abc import Sequence
from dataclasses import replace

from model_store import StoreError
from service.engine.batch_worker import timing_of
from service.engine.requests.classify import Classification, ClassifyRequest
from service.engine.tasks.text_classification.carrying import TextStates
from service.engine.tasks.text_classification.classifier import Classifier
from service.engine.tasks.text_classification.resume_runtime import Reading, TextState
from service.engine.types import Timing
from service.errors import InvalidInput, NotReady

AT_ONCE = Timing(0.0, 0.0, 0)  # where nothing was to be read


class Continuer:
    """Answers requests that go on from states, or ask for them.

    Args:
        classifier: Runs the parts beside other texts.
        states: Opens and seals; None if this version has none.
        why_not: Why it has none.
    """

    def __init__(self, classifier: Classifier, states: TextStates | None, why_not: str) -> None:
        """Remember whom to ask."""
        self._classifier = classifier
        self._states = states
        self._why_not = why_not

    def classify(self, request: ClassifyRequest) -> tuple[list[Classification], Timing]:
        """Classify each text of a request together with what its state has read.

        Raises:
            InvalidInput: If this model cannot, or a text or state cannot be used.
            StateMismatch: If a state is of another version.
            NotReady: If the graph that reads on cannot be read from the store now.
            ServiceError: As in `Classifier.classify`.
        """
        states = self._checked(request)
        befores = [
            states.runtime.start if text is None else states.open(text, _param(place, request))
            for place, text in enumerate(request.states or (None,) * len(request.texts))
        ]
        sequences = self._tokens(request, befores)
        filled = [place for place, token_ids in enumerate(sequences) if token_ids]
        afters, timing = list(befores), AT_ONCE
        if filled:
            readings = [Reading(sequences[place], befores[place]) for place in filled]
            job = self._classifier.run(readings, request.deadline, request.is_caller_gone)
            timing = timing_of(job)
            for place, after in zip(filled, job.outputs, strict=True):
                afters[place] = after
        results = [
            self._classifier.named(token_ids, after.probs.tolist(), is_cut=False)
            for token_ids, after in zip(sequences, afters, strict=True)
        ]
        if request.returns_state:
            results = [
                replace(result, state=states.seal(after))
                for result, after in zip(results, afters, strict=True)
            ]
        return results, timing

    def _checked(self, request: ClassifyRequest) -> TextStates:
        """Return what opens and seals, if the request may be answered so."""
        param = "return_state" if request.returns_state else "state"
        if self._states is None:
            raise InvalidInput(f"{self._why_not}: leave out `{param}`", param=param)
        if request.explain is not None:
            raise InvalidInput(
                f"`explain` is for whole texts: leave it out, or `{param}`", param="explain"
            )
        if request.states and len(request.states) != len(request.texts):
            raise InvalidInput(
                f"`state` has {len(request.states)} states for {len(request.texts)} texts: send "
                "one for each text, null for one that begins",
                param="state",
            )
        self._classifier.check_room(len(request.texts))
        try:
            self._states.runtime.open()
        except StoreError as exc:
            raise NotReady("the model's files cannot be read now: try again") from exc
        return self._states

    def _tokens(
        self, request: ClassifyRequest, befores: Sequence[TextState]
    ) -> Sequence[list[int]]:
        """Return each text's token ids, none where nothing comes after a state."""
        config = self._classifier.reading(request)
        texts, are_cut = self._classifier.tokens(request.texts, config)
        sequences = list(map(config.as_read, texts))
        for place, (token_ids, before) in enumerate(zip(sequences, befores, strict=True)):
            if are_cut[place]:
                raise InvalidInput(
                    f"text {place} of `input` has more than the {config.max_seq_len} tokens that "
                    "are read at once: send it in parts, each with the state of the one before",
                    param="input",
                )
            if not token_ids and not before.num_tokens:
                raise self._classifier.nothing_to_read(place)
        return sequences


def _param(place: int, request: ClassifyRequest) -> str:
    return "state" if len(request.texts) == 1 else f"state[{place}]"
