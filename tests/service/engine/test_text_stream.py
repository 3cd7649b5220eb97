import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.text_stream import Ending, StopFinder, TextOffsets, TextStream, enders

LETTERS = [bytes([byte]) for byte in range(256)]  # token i is byte i


def stream_of(stop=(), token_bytes=LETTERS):
    return TextStream(token_bytes, [text.encode() for text in stop])


def fed(stream, *chunks, ending=None):
    """The pieces that come of chunks of text; the last chunk ends the answer."""
    pieces = []
    for place, chunk in enumerate(chunks):
        is_last = ending is not None and place == len(chunks) - 1
        pieces.append(stream.add(list(chunk.encode()), ending if is_last else None)[0])
    return pieces


def test_text_comes_as_its_tokens_do():
    assert fed(stream_of(), "ab", "c", ending=Ending("length")) == ["ab", "c"]


def test_a_character_of_several_bytes_is_never_split():
    stream = stream_of()

    pieces = [stream.add([byte])[0] for byte in "aß日☃".encode()]

    assert pieces == ["a", "", "ß", "", "", "日", "", "", "☃"]


def test_bytes_that_are_no_character_become_the_replacement_character():
    stream = stream_of()

    assert stream.add([0xFF, 0x61])[0] == "\ufffda"
    assert stream.add([0xE2, 0x98], Ending("length"))[0] == "\ufffd"


def test_what_may_become_a_stop_text_is_held_back_and_given_when_it_does_not():
    assert fed(stream_of(["END"]), "aE", "N", "x", "E", "ND"[:1], ending=Ending("length")) == [
        "a",
        "",
        "ENx",
        "",
        "EN",
    ]


def test_the_longest_beginning_of_any_stop_text_is_held_back():
    assert fed(stream_of(["bcd", "abcx"]), "zabc") == ["z"]


def test_a_stop_text_is_not_shown_also_where_a_token_spans_its_end():
    stream = stream_of(["lo w"], [b"hel", b"lo", b" wor", b"ld"])

    first, _ = stream.add([0, 1])
    last, _ = stream.add([2], Ending("stop", end=3))

    assert first + last == "hel"


def test_the_token_that_ends_an_answer_is_no_text():
    stream = stream_of()

    text, places = stream.add([97, 10], Ending("stop", has_eos=True))

    assert (text, places) == ("a", range(2))
    assert [stream.token_data(place) for place in places] == [b"a", b""]


def test_an_answer_may_be_the_ending_token_alone():
    assert stream_of().add([10], Ending("stop", has_eos=True)) == ("", range(1))


def test_tokens_are_told_with_the_text_that_they_complete():
    stream = stream_of(["xy"])
    snow = list("☃".encode())

    assert stream.add(snow[:2])[1] == range(0)
    assert stream.add([snow[2], 97])[1] == range(4)
    assert stream.add([120])[1] == range(4, 4)
    assert stream.add([121], Ending("stop", end=4))[1] == range(4, 6)
    assert [stream.token_data(place) for place in (3, 4, 5)] == [b"a", b"", b""]


@pytest.mark.parametrize(
    ("pieces", "offsets"),
    [
        ([bytes([byte]) for byte in "a日b".encode()], [0, 1, 1, 1, 2]),
        ([b"ab", b"", b"c", b""], [0, 2, 2, 3]),
        ([b"\xe6", b"b", b"c"], [0, 1, 2]),
        ([b"\x97", b"\x97", b"b"], [0, 1, 2]),
        ([b"\xe6", b"", b"\x97\xa5b", b""], [0, 0, 0, 2]),
    ],
    ids=["bytes", "silent", "broken", "stray", "silent-inside"],
)
def test_offsets_count_characters_though_tokens_are_bytes(pieces, offsets):
    counter = TextOffsets(5)

    assert [counter.next(piece) - 5 for piece in pieces] == offsets


def test_offsets_go_on_in_a_character_that_was_begun_before():
    whole, broken = (TextOffsets(begun="日".encode()[:2]) for _ in range(2))

    assert [whole.next(piece) for piece in (b"\xa5", b"a", b"b")] == [0, 1, 2]
    assert [broken.next(piece) for piece in (b"a", b"b")] == [1, 2]


def test_tokens_without_text_are_told_at_once():
    assert stream_of(token_bytes=[b"", b"a"]).add([0, 1, 0]) == ("a", range(3))


tokens_of_text = st.lists(st.text(alphabet="abß☃", max_size=4).map(str.encode), min_size=1)
stops = st.lists(st.text(alphabet="abß☃", min_size=1, max_size=4), max_size=3)


@given(tokens_of_text, stops, st.integers(1, 5))
def test_a_stream_shows_what_stands_before_the_first_stop_text(tokens, stop, stride):
    encoded = [text.encode() for text in stop]
    watched = enders(tokens, encoded)
    stream = TextStream(tokens, encoded)
    finder = StopFinder(tokens, encoded) if encoded else None
    shown, waiting, end = "", [], None
    for place in range(len(tokens)):
        waiting.append(place)
        if finder is not None and watched[place]:
            end = finder.find(range(place + 1))
        if end is not None:
            break
        if len(waiting) == stride:
            shown += stream.add(waiting)[0]
            waiting = []
    ending = Ending("length") if end is None else Ending("stop", end)
    shown += stream.add(waiting, ending)[0]

    # The oracle goes token by token: a stop text counts once the token that completes it is there.
    for count in range(1, len(tokens) + 1):
        text = b"".join(tokens[:count]).decode()
        found = [at for one in stop if (at := text.find(one)) >= 0]
        if found:
            assert shown == text[: min(found)]
            return
    assert shown == b"".join(tokens).decode()


def test_enders_are_the_tokens_in_which_a_stop_text_can_end():
    token_bytes = [b"", b"d", b"cd", b"dc", b"c", b"xyz"]

    assert enders(token_bytes, [b"abcd"]).tolist() == [False, True, True, True, False, False]
    assert not enders(token_bytes, []).any()


@pytest.mark.parametrize(("text", "place"), [("xxab", 2), ("xxa", None), ("abab", 0)])
def test_a_stop_text_is_found_where_it_begins(text, place):
    finder = StopFinder(LETTERS, [b"ab"])

    assert finder.find(list(text.encode())) == place


@pytest.mark.parametrize(
    ("text", "min_tokens", "place"),
    [("abab", 1, 0), ("abab", 2, 2), ("abab", 3, 2), ("abab", 4, None), ("xabcd", 4, 1)],
)
def test_a_stop_text_counts_that_ends_after_the_fewest_tokens(text, min_tokens, place):
    at_once = StopFinder(LETTERS, [b"ab", b"abcd"], min_tokens)
    by_and_by = StopFinder(LETTERS, [b"ab", b"abcd"], min_tokens)
    looks = (by_and_by.find(list(text[:end].encode())) for end in range(1, len(text) + 1))

    assert at_once.find(list(text.encode())) == place
    assert next((found for found in looks if found is not None), None) == place


def test_a_stop_text_across_two_looks_is_found():
    finder = StopFinder(LETTERS, [b"abcd"])

    assert finder.find(list(b"xxab")) is None
    assert finder.find(list(b"xxabcd")) == 2
