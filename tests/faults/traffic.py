"""Requests without a pause, each answer compared with what its version must say."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from model_store import StoreReader
from service.engine.loading import load
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling

TEXTS = (
    "a good film",
    "the plot was dull and very long",
    "great actor, awful story!",
    "not so bad",
    "funny but slow",
    "the food was fine , the waiter was not",
)
PROMPTS = ("To be", "hello", "", "The")
PATIENCE_S = 60
GIVEN_UP = ("broken", 408)  # what a caller sees who did nothing for too long


class Truth:
    """What each version of a model must answer, worked out alone, without a server."""

    def __init__(self, store_dir):
        self._reader = StoreReader(store_dir)
        self._options = EngineOptions(store_dir=store_dir)
        self._models = {}

    def learn(self, name):
        """Work out the answers of every version in the store now."""
        for version in self._reader.versions(name):
            if (name, version) not in self._models:
                model = load(self._reader.open(name, version), self._options)
                task = self._classes if model.info.task == "text-classification" else self._texts
                self._models[name, version] = task(model.worker)
                model.close(5)

    def of(self, answer):
        """What the version that an answer names says, by request; empty if it is unknown."""
        return self._models.get((answer["model"], answer["version"]), {})

    def _classes(self, worker):
        return {text: worker.classify(ClassifyRequest((text,)))[0][0].probs for text in TEXTS}

    def _texts(self, worker):
        return {
            (prompt, seed): worker.generate(
                GenerateRequest(prompt, Sampling(max_tokens=16, seed=seed))
            )
            .result()[0]
            .text
            for prompt in PROMPTS
            for seed in range(4)
        }


@dataclass(frozen=True)
class Ask:
    """A request, and what tells whether its answer is right."""

    path: str
    fields: dict
    is_right: object

    @property
    def body(self):
        return json.dumps(self.fields).encode()


def classify_asks(truth, model=None):
    """One request a text, to the default version or to another by name."""

    def is_right(text, answer):
        return tuple(answer["data"][0]["probs"]) == truth.of(answer).get(text)

    fields = {} if model is None else {"model": model}
    return [
        Ask("/v1/classify", fields | {"input": text}, partial(is_right, text)) for text in TEXTS
    ]


def generate_asks(truth):
    """One request a prompt and seed."""

    def is_right(key, answer):
        return answer["choices"][0]["text"] == truth.of(answer).get(key)

    return [
        Ask(
            "/v1/generate",
            {"prompt": prompt, "seed": seed, "max_tokens": 16},
            partial(is_right, (prompt, seed)),
        )
        for prompt in PROMPTS
        for seed in range(4)
    ]


@dataclass
class Traffic:
    """Threads that ask without a pause until they are stopped.

    `outcomes` counts what became of the requests: "right", "wrong", "broken" (no connection, or no
    answer on it), "cut" (an answer that broke off) or a status; `latencies` are seconds, of the
    right ones, `retry_after` what refusals advised. A service may give up a caller who does
    nothing for `pause_allowed_s`: where a thread was held up for so long, that is not counted.
    """

    base_url: str
    asks: list
    num_threads: int = 4
    pause_s: float = 0.0
    pause_allowed_s: float = 30.0
    headers: dict = field(default_factory=dict)
    outcomes: Counter = field(default_factory=Counter)
    versions: Counter = field(default_factory=Counter)
    latencies: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    retry_after: set = field(default_factory=set)
    wrong: list = field(default_factory=list)

    def start(self):
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(seed,), daemon=True)
            for seed in range(self.num_threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """End the traffic and return what became of it."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        return self.outcomes

    def wait_for(self, num_right):
        """Wait until so many more right answers have come."""
        goal = self.outcomes["right"] + num_right
        until = time.monotonic() + PATIENCE_S
        while self.outcomes["right"] < goal:
            assert time.monotonic() < until, f"no answers any more: {self.outcomes}"
            time.sleep(0.01)

    def _run(self, seed):
        chance = random.Random(seed)
        address = self.base_url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
        before = time.monotonic()
        while not self._stopped.is_set():
            started = time.monotonic()
            outcome, sent = self._ask(connection, chance.choice(self.asks))
            if outcome not in GIVEN_UP or sent - before < self.pause_allowed_s:
                self.outcomes[outcome] += 1
            before = started
            if self.pause_s:
                self._stopped.wait(self.pause_s)
        connection.close()

    def _ask(self, connection, ask):
        """Ask once; return what became of it, and when the last of the request was sent."""
        started = time.monotonic()
        sent = None
        headers = {"Content-Type": "application/json"} | self.headers
        failure = "broken"
        try:
            connection.request("POST", ask.path, ask.body, headers)
            sent = time.monotonic()
            answer = connection.getresponse()
            failure = "cut"
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return failure, sent or time.monotonic()
        elapsed_s = time.monotonic() - started
        if answer.status != 200:
            self.refusals.append(elapsed_s)
            self.retry_after.add(answer.getheader("Retry-After"))
            return answer.status, sent
        content = json.loads(body)
        if not ask.is_right(content):
            self.wrong.append((ask, content))
            return "wrong", sent
        self.latencies.append(elapsed_s)
        self.versions[content["version"]] += 1
        return "right", sent
