"""The tokens that callers are told are those that the models read."""

import pytest

from model_store import Store
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.errors import InvalidInput, ModelNotFound, WrongTask
from tests.task_models import publish_tagger

TEXT = "To be, or not"


def test_a_text_has_the_tokens_that_are_counted(engine):
    tokens = engine.vocabulary(None, "generate").encode(TEXT)
    generation = engine.answer(GenerateRequest(TEXT, Sampling(max_tokens=1)))
    generation.result()
    assert generation.prompt_tokens == len(tokens)

    [found] = engine.answer(ClassifyRequest(("a good film",))).results
    assert found.num_tokens == len(engine.vocabulary("sentiment", "generate").encode("a good film"))


def test_tokens_in_a_prompt_s_place_give_the_same_text(engine):
    tokens = tuple(engine.vocabulary("shakespeare", "generate").encode(TEXT))
    sampling = Sampling(max_tokens=8, seed=1)
    [as_text], [as_tokens] = (
        engine.answer(GenerateRequest(prompt, sampling, "shakespeare")).result()
        for prompt in (TEXT, tokens)
    )
    assert as_text == as_tokens


@pytest.mark.parametrize("model", ["shakespeare", "bytes"])
def test_text_comes_back_and_special_tokens_are_left_out(engine, model):
    vocabulary = engine.vocabulary(model, "generate")
    tokens = vocabulary.encode("schön")
    assert vocabulary.decode([vocabulary.special_ids["<bos>"], *tokens]) == "schön"
    assert len(vocabulary.pieces(tokens)) == len(tokens)


def test_a_token_that_there_is_not_is_refused(engine):
    with pytest.raises(InvalidInput, match=r"`tokens\[1\]` is 99999"):
        engine.vocabulary("bytes", "generate").decode([5, 99_999])


def test_a_model_without_tokens_says_so(make_engine, root):
    publish_tagger(root)
    engine = make_engine(store_dir=root)
    with pytest.raises(WrongTask, match="no tokens"):
        engine.vocabulary("pos", "generate")
    with pytest.raises(ModelNotFound):
        engine.vocabulary(None, "generate")


def test_a_version_tells_whether_it_has_a_tokenizer(root, store_dir):
    publish_tagger(root)
    assert not Store(root).open("pos", 1).has_tokenizer()
    assert Store(store_dir).open("bytes", 1).has_tokenizer()
