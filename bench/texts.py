"""Made-up texts and the request bodies that carry them; the same ones in every run."""

import json
import random
from collections.abc import Sequence

WORDS = """
a an the this that these it he she they we you i and but or so because while when where who which
is are was were be been has have had do does did will would can could should may might must not
never no yes very quite rather too almost only even still again once more most less least much
film movie story plot scene actor actress director music camera script ending character book page
food meal soup bread coffee waiter table room hotel street city house door window garden train
good great fine funny warm clever brave quiet honest bright lovely bad awful dull slow long cold
weak loud cheap false broken boring watch see look feel think know say tell find give take make
come go leave stay laugh cry wait hope love hate like want need try work play begin end turn
one two three first second last new old young small big short high low early late man woman child
friend family people time day night year week hour moment part half whole side end way world life
with without of in on at by for from to into over under before after between about against
""".split()  # noqa: SIM905

SHORT, LONG = 30, 230  # words


def make_texts(count: int, num_words: int, seed: int = 0) -> list[str]:
    """Return `count` different texts of `num_words` words and a few marks."""
    rng = random.Random(f"{seed} {num_words}")
    return [_text(rng, num_words) for _ in range(count)]


def classify_bodies(texts: Sequence[str]) -> list[bytes]:
    """Return one request's body for each text."""
    return [_json({"input": text}) for text in texts]


def bulk_bodies(count: int, size: int) -> list[bytes]:
    """Return bodies of `size` short texts each."""
    return [_json({"input": make_texts(size, SHORT, seed)}) for seed in range(count)]


def generate_bodies(count: int, num_tokens: int, *, stream: bool, seed: int = 0) -> list[bytes]:
    """Return requests for `num_tokens` tokens drawn at temperature 1, each with its own seed."""
    return [
        _json(
            {
                "prompt": "the story",
                "max_tokens": num_tokens,
                "temperature": 1.0,
                "top_k": 0,
                "top_p": 1.0,
                "seed": seed + number,
                "stream": stream,
            }
        )
        for number in range(count)
    ]


def http_request(path: str, body: bytes) -> bytes:
    """Return a whole POST request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _text(rng: random.Random, num_words: int) -> str:
    words = rng.choices(WORDS, k=num_words)
    for place in range(9, num_words, 10):
        words[place] += rng.choice(",.")
    return " ".join(words)


def _json(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode()
