"""Translating as Hugging Face's client has it.

Spec: huggingface.js, `packages/tasks/src/tasks/translation/spec/input.json`.
"""

from typing import Annotated, Any, Literal

from service.api.generation_calls import wait_all
from service.api.hugging_face import HubAsk, HubCall
from service.api.protocol_requests import Only, ProtocolRequest, refuse
from service.api.tasks.translation.translate import start_texts


class TranslationParameters(ProtocolRequest):
    """What the client sends beside the text."""

    src_lang: str | None = None
    """The model's own source language; others are refused."""

    tgt_lang: str | None = None
    """The model's own target language; others are refused."""

    clean_up_tokenization_spaces: bool | None = None
    """Accepted: there are no spaces to clean up."""

    truncation: Literal["do_not_truncate", "longest_first", "only_first", "only_second"] | None = (
        None
    )
    """Accepted: a text that is too long is refused, whatever is said here."""

    generate_parameters: Annotated[Any, Only(({},))] = None
    """Not supported; `/v1/translate` takes `num_beams` and `max_tokens`."""


class TranslationHubAsk(HubAsk):
    """Texts to translate."""

    parameters: TranslationParameters | None = None
    """Languages, which have to be the model's."""


def translations(call: HubCall) -> list[dict[str, str]]:
    """Answer with a text for each input."""
    parameters = call.ask.parameters or TranslationParameters()
    _check_language(parameters.src_lang, call, "src_lang", "source_language")
    _check_language(parameters.tgt_lang, call, "tgt_lang", "target_language")
    generations = start_texts(call.texts, call.model, None, call.request, version=call.info.version)
    answers = [answer for [answer] in wait_all(generations, call.request)]
    return [{"translation_text": answer.text} for answer in answers]


def _check_language(given: str | None, call: HubCall, name: str, fact: str) -> None:
    """Refuse another language than the model's; codes count by their first part ("en_XX")."""
    own = str(call.info.facts[fact])
    if given is not None and given.replace("-", "_").partition("_")[0].lower() != own.lower():
        refuse(f"parameters.{name}", f"{call.info.name} knows {own!r} alone; leave it out")
