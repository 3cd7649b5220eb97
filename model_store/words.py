"""Texts as words for tagging: where words begin and end, and what a tagger's network reads of them.

Words are split as English treebanks do it (Penn Treebank, Universal Dependencies): punctuation by
itself, "n't" and "'s" apart from what they lean on, numbers, addresses and abbreviations whole.
Letters of any script make words; what is no letter, number or space is punctuation.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import Field

from model_store.document import Document

PAD, UNKNOWN, FIRST = 0, 1, 2  # ids of nothing, of what is not known, of the first entry

_LETTER = r"[^\W\d_]"
_WORD = re.compile(
    rf"""
      (?:https?://|www\.)[^\s<>"]*[^\s<>"'.,;:!?)\]]          # addresses of pages
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                            # and of people
    | [:;=8][-^o']?[)(\]\[dDpP/\\|*]+(?!\w)                   # :-)
    | (?:{_LETTER}\.){{2,}}                                   # U.S.
    | (?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|Corp|No|Gen|Sen|Rep|Gov|Lt|Col)\.(?=\s|$)
    | {_LETTER}+(?=n['’]t\b)                                  # do|n't
    | n['’]t\b
    | ['’](?:s|re|ve|ll|d|m|S|RE|VE|LL|D|M)\b                 # John|'s
    | \d+(?:[.,:/]\d+)*(?:st|nd|rd|th|s|am|pm)?\b             # 1,000.50  10:30  3rd
    | {_LETTER}[\w]*                                          # words
    | \.{{2,}} | -{{2,}} | ,{{2,}} | !{{2,}} | \?{{2,}} | [!?]{{2,}} | \*{{2,}} | ={{2,}}
    | _+ | \d+ | \S
    """,
    re.VERBOSE,
)
_DIGIT = re.compile(r"\d")


def split_words(text: str) -> list[tuple[int, int]]:
    """Return where each word of a text begins and ends, in characters; never more than spaces."""
    return [match.span() for match in _WORD.finditer(text)]


def normal_form(word: str) -> str:
    """Return what a word is looked up as: small letters, every digit a zero."""
    return _DIGIT.sub("0", word.lower())


class WordVocabulary(Document):
    """`vocabulary.json`: the words and characters that a tagger knows.

    Args:
        words: In their normal form; the first has id 2.
        characters: As they are written; the first has id 2.
    """

    words: Annotated[list[str], Field(min_length=1)]
    characters: Annotated[str, Field(min_length=1)]

    @cached_property
    def _word_ids(self) -> Mapping[str, int]:
        return {word: place for place, word in enumerate(self.words, FIRST)}

    @cached_property
    def _character_ids(self) -> Mapping[str, int]:
        return {character: place for place, character in enumerate(self.characters, FIRST)}

    @property
    def num_words(self) -> int:
        """Ids of words, those of nothing and of unknown words included."""
        return len(self.words) + FIRST

    @property
    def num_characters(self) -> int:
        """Ids of characters, likewise."""
        return len(self.characters) + FIRST

    def word_ids(self, words: Sequence[str]) -> list[int]:
        """Return the id of each word."""
        known = self._word_ids
        return [known.get(normal_form(word), UNKNOWN) for word in words]

    def character_ids(self, word: str, max_chars: int) -> list[int]:
        """Return the ids of a word's characters; of a long one the first half and the last half."""
        if len(word) > max_chars:
            word = word[: max_chars // 2] + word[len(word) - (max_chars - max_chars // 2) :]
        known = self._character_ids
        return [known.get(character, UNKNOWN) for character in word]
