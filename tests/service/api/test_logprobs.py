from service.api.tasks.generation.openai.logprobs import lists_of
from service.engine.requests.generate import TokenLogprob


def test_minus_infinity_is_written_as_a_number():
    echoed = TokenLogprob(1, "<unk>", None)
    written = TokenLogprob(0, "a", float("-inf"), (("b", -0.1),), data=b"a", offset=4)
    lists = lists_of([echoed, written])
    assert lists["text_offset"] == [0, 4]
    assert lists["token_logprobs"] == [None, -9999.0]
    assert lists["top_logprobs"] == [None, {"b": -0.1, "a": -9999.0}]
