from service.api.tasks.generation.openai.logprobs import LogprobLists
from service.engine.requests.generate import TokenLogprob


def test_offsets_count_characters_though_tokens_are_bytes():
    tokens = [TokenLogprob(0, "?", -1.0, data=bytes([byte])) for byte in "a日b".encode()]
    assert LogprobLists().write(tokens)["text_offset"] == [0, 1, 1, 1, 2]


def test_offsets_after_an_echo_count_its_unknown_characters_too():
    echoed = TokenLogprob(1, "", None, data=b"")
    written = TokenLogprob(0, "a", float("-inf"), data=b"a")
    lists = LogprobLists(num_echoed=1, echoed_chars=4).write([echoed, written, written])
    assert lists["text_offset"] == [0, 4, 5]
    assert lists["token_logprobs"] == [None, -9999.0, -9999.0]
