"""Short made-up reviews of goods, meals, stays and services, with their labels.

A small grammar puts phrases of `phrasebook.toml` together. Film reviews alone teach a classifier
little about "broke after two days" or "not bad at all": here each adjective occurs under both
labels, plain and negated, and a turn ("fine at first, but ...") is decided by what comes last.
What carries no opinion (nouns, aspects, fillers, punctuation) is drawn without regard to the label.

The texts are meant to be trained on, beside published sets. None is held out: a figure measured on
the grammar's own sentences would say nothing about those that people write.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from training.data.labelled_rows import Example, Labelled
from training.data.splits import loose_key

NAME = "phrasebook"
HOME = "made by this project (training/phrasebook.toml)"
LICENCE = "Apache-2.0"
LABELS = ("negative", "positive")
MAX_WORDS = 60

_PATH = Path(__file__).with_suffix(".toml")
PRICE = "price"  # a kind of aspect with few phrases of its own

_PLURAL = "+"  # at the end of an aspect: "portions+"
_ADJECTIVE = re.compile(r"\{(positive|negative)")
_NOT = re.compile(
    r"\b(do|does|did|is|are|was|were|have|has|had|would|could|should) not\b(?! only)", re.IGNORECASE
)
_WAS = re.compile(r"^was ")
_IS = re.compile(r"^(is|was) (?!going)")
_SHORTENED = (
    (re.compile(r"\bI would (?!not\b)"), "I'd "),
    (re.compile(r"\bI am (?=\w)"), "I'm "),
    (re.compile(r"\b([Ii])t is (?=\w)"), r"\1t's "),
    (re.compile(r"\b([Cc])an ?not\b"), r"\1an't"),
    (re.compile(r"\b([Ww])ill not\b"), r"\1on't"),
)
_A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeio]|un(?!i)|hour|honest)")


def read_phrasebook(*, count: int = 24_000, seed: int = 0) -> Labelled:
    """Make labelled reviews, half of each label, no two alike.

    Args:
        count: Texts to make; the grammar gives some hundred thousand with ease.
        seed: The same seed gives the same texts.

    Returns:
        Training rows alone: none is to be held out for validation or test.
    """
    rng = random.Random(seed)
    seen: set[str] = set()
    rows: list[Example] = []
    while len(rows) < count:
        label = LABELS[len(rows) % len(LABELS)]
        text = _Review(rng, label).write()
        key = loose_key(text)
        if key not in seen and len(text.split()) <= MAX_WORDS:
            seen.add(key)
            rows.append(Example(text, label, f"row {len(rows) + 1}"))
    return Labelled(name=NAME, train=rows, validation=[], test=[])


@cache
def read_phrases() -> dict[str, Any]:
    """Return the phrases of `phrasebook.toml`, whose head describes its tables."""
    return tomllib.loads(_PATH.read_text("utf-8"))


class _Review:
    """One review: a domain and a label, and the clauses that are said of it."""

    def __init__(self, rng: random.Random, label: str) -> None:
        self._rng = rng
        self._label = label
        self._book = read_phrases()
        self._domain = self._book["domains"][rng.choice(sorted(self._book["domains"]))]
        self._thing = rng.choice(self._domain["things"])
        self._person = "we" if rng.random() < 0.15 else "I"
        kinds = self._domain["aspects"]
        pairs = [(kind, aspect) for kind in kinds for aspect in kinds[kind]]
        self._aspects = rng.sample(pairs, len(pairs))

    def write(self) -> str:
        """Return the text."""
        form = self._rng.choices(
            (self._single, self._several, self._turn), weights=(0.25, 0.5, 0.25)
        )[0]
        clauses = form()
        if self._rng.random() < 0.25:
            clauses = [self._neutral(), *clauses]
        return _Style(self._rng, self._label).join(
            [_A_BEFORE_VOWEL.sub(r"\1n ", c) for c in clauses]
        )

    def _single(self) -> list[str]:
        return [self._rng.choice((self._aspect, self._aspect, self._event, self._verdict))()]

    def _several(self) -> list[str]:
        """Give up to two aspects, an event and a verdict, the verdict last."""
        clauses = [self._aspect() for _ in range(self._rng.choice((0, 1, 1, 2)))]
        if self._rng.random() < 0.6 or not clauses:
            clauses.insert(self._rng.choice((0, len(clauses))), self._event())
        if len(clauses) < 2 or self._rng.random() < 0.4:
            clauses.append(self._verdict())
        return clauses

    def _turn(self) -> list[str]:
        """Concede a point to the other side, then decide."""
        but = self._rng.choice(self._book["turns"])
        concession = self._concession()
        # What is conceded may be of the price: nothing against it follows.
        self._aspects = [pair for pair in self._aspects if pair[0] != PRICE]
        ending = self._rng.choice((self._aspect_sentence, self._ending, self._ending))()
        clauses = [but.format(first=concession, last=ending)]
        if self._rng.random() < 0.3:
            clauses.append(self._verdict())
        return clauses

    def _concession(self) -> str:
        if self._rng.random() < 0.4:
            return self._of_aspect(self._book["conceded_aspects"][self._label])
        return self._phrase("concessions", self._label, is_sentence=True)

    def _aspect(self) -> str:
        """Say something of an aspect, plainly or by what it is not."""
        form = (
            "turned" if self._rng.random() < 0.4 else self._rng.choice(("plain", "plain", "bare"))
        )
        return self._of_aspect(self._book["aspect_clauses"][self._label][form])

    def _aspect_sentence(self) -> str:
        form = "turned" if self._rng.random() < 0.3 else "plain"
        return self._of_aspect(self._book["aspect_clauses"][self._label][form])

    def _of_aspect(self, templates: Sequence[str]) -> str:
        kind, aspect = self._aspects.pop()
        if kind == PRICE:  # "the price was not up to standard" is no English
            templates = [template for template in templates if _ADJECTIVE.search(template)]
        return self._fill(self._rng.choice(templates), kind, aspect)

    def _fill(self, template: str, kind: str, aspect: str) -> str:
        is_plural = aspect.endswith(_PLURAL)
        forms = self._book["plural" if is_plural else "singular"]
        words = {
            f"{side}{strength}": self._adjective(kind, side, strength)
            for side in LABELS
            for strength in ("", "_strong", "_said")
            if f"{{{side}{strength}}}" in template
        }
        return template.format(aspect=aspect.rstrip(_PLURAL), **forms, **words)

    def _adjective(self, kind: str, side: str, strength: str) -> str:
        """Choose an adjective that suits the kind of aspect, now and then one that suits all."""
        is_common = self._rng.random() < 0.25 and kind != PRICE
        words = self._book["kinds"]["any" if is_common else kind][side]
        keys = {"": ["adjectives"], "_strong": ["strong"], "_said": ["strong", "said"]}[strength]
        found: list[str] = [word for key in keys for word in words[key]]
        return self._rng.choice(found)

    def _event(self) -> str:
        return self._phrase("events", self._label)

    def _verdict(self) -> str:
        return self._phrase("verdicts", self._label)

    def _ending(self) -> str:
        """Say what decides, as a whole sentence."""
        return self._phrase("verdicts", self._label, is_sentence=True)

    def _neutral(self) -> str:
        return self._phrase("fillers", "neutral")

    def _phrase(self, table: str, side: str, *, is_sentence: bool = False) -> str:
        """Choose a phrase of the domain's groups; as a sentence it has its subject."""
        groups = [
            self._book[table][group][side]
            for group in self._domain["groups"]
            if group in self._book[table]
        ]
        found = [
            (subject, phrase)
            for group in groups
            for subject, phrases in group.items()
            for phrase in phrases
            if not (is_sentence and subject == "short")
        ]
        subject, phrase = self._rng.choice(found)
        return self._with_subject(subject, phrase.format(thing=self._thing), is_sentence)

    def _with_subject(self, subject: str, phrase: str, is_sentence: bool) -> str:
        if subject in ("short", "full"):
            return phrase
        if subject == "i":
            if self._person == "we":
                phrase = _WAS.sub("were ", phrase)
            return phrase if self._is_dropped(is_sentence, 0.5) else f"{self._person} {phrase}"
        if subject == "they":
            return f"they {phrase}"
        subjects = ("it", f"the {self._thing}", f"this {self._thing}")
        spoken = self._rng.choice(subjects)
        if self._is_dropped(is_sentence, 0.4):
            return _IS.sub("", phrase)
        return f"{spoken} {phrase}"

    def _is_dropped(self, is_sentence: bool, share: float) -> bool:
        return not is_sentence and self._rng.random() < share


class _Style:
    """How one review is written: case, contractions, punctuation."""

    def __init__(self, rng: random.Random, label: str) -> None:
        self._rng = rng
        self._label = label

    def join(self, clauses: Sequence[str]) -> str:
        """Return the clauses as one text."""
        is_lower = self._rng.random() < 0.3
        separator = self._choose("separators")
        text = ""
        for number, clause in enumerate(clauses):
            starts = number == 0 or separator.strip() in (".", "!", "!!", "...", "")
            spoken = clause if is_lower or not starts else clause[0].upper() + clause[1:]
            text += (separator if number else "") + spoken
        text += self._choose("endings")
        if self._rng.random() < 0.6:
            text = _shorten(text)
        text = self._decorate(text)
        return text.lower() if is_lower else text

    def _decorate(self, text: str) -> str:
        if self._rng.random() < 0.15:
            text = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
        if self._rng.random() < 0.02:
            text += " " + self._rng.choice(read_phrases()["style"]["faces"][self._label])
        return text

    def _choose(self, name: str) -> str:
        marks: dict[str, int] = read_phrases()["style"][name]
        return self._rng.choices(list(marks), weights=list(marks.values()))[0]


def _shorten(text: str) -> str:
    """Write "not" and some verbs the short way: "didn't", "I'm"."""
    text = _NOT.sub(r"\1n't", text)
    for long, short in _SHORTENED:
        text = long.sub(short, text)
    return text
