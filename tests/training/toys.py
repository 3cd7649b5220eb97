"""Made-up corpora that tiny nets learn in seconds."""

import csv
import random

GOOD = ("good", "great", "fine", "tender", "funny", "warm")
BAD = ("bad", "awful", "dull", "boring", "cold", "weak")
FILLERS = ("the", "film", "was", "a", "very", "and", "plot", "with", "actors", "it", "story")


def review(label, source):
    """Some words, one of which says whether it is praise."""
    words = [source.choice(FILLERS) for _ in range(source.randint(3, 12))]
    words.insert(source.randrange(len(words)), source.choice(GOOD if label else BAD))
    return " ".join([*words, str(source.randrange(10_000))])


def write_reviews(path, *, count=160, columns=("text", "label")):
    """Write a CSV of reviews, half of them praise; return its path as a string."""
    source = random.Random(0)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        for place in range(count):
            rows.writerow([review(place % 2, source), ("negative", "positive")[place % 2]])
    return str(path)


def write_names(path, *, count=200):
    """Write one name a line; return its path as a string."""
    source = random.Random(0)
    names = {
        source.choice(["an", "ber", "car", "do"]) + source.choice(["na", "ta", "la", "ra", "lin"])
        + source.choice(["", "s", "son", "x", "ie", "o"]) + source.choice(["", "k", "m"])
        for _ in range(count)
    }  # fmt: skip
    path.write_text("\n".join(sorted(names)) + "\n")
    return str(path)


def write_story(path, *, count=300):
    """Write one running text of lines; return its path as a string."""
    source = random.Random(0)
    lines = [" ".join(source.choice(FILLERS) for _ in range(6)) for _ in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)
