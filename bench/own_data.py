"""People's own data: what one command makes of a CSV, beside bags of words fitted to the same rows.

    python -m bench.own_data --data-dir DATA_DIR --seeds 0 1 2

Each set's training rows are written to a CSV; `python -m training.train_classifier --data CSV
--name NAME` is run on it, with no flag that tells it anything of the set; the version that it
published answers the set's test rows, which neither it nor the baselines have seen. Printed are
accuracy and macro-F1 of the best baseline and of the version, over the seeds, and the time taken.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from bench.own_data_sets import SETS, Split
from model_store import Store
from training.fitting.naive_bayes import NaiveBayes
from training.reports.baseline import Baseline
from training.tasks.text_classification.served import ServedClassifier

STARTS = ("sentiment", "sentiment-small", "reviews")  # shipped, to go on from
SHIPPED = Path("model_store/models")

Scores = tuple[float, float]  # accuracy and macro-F1


def score(labels: Sequence[str], answers: Sequence[str]) -> Scores:
    """Return accuracy and macro-F1."""
    return float(accuracy_score(labels, answers)), float(f1_score(labels, answers, average="macro"))


Answers = Callable[["Split"], list[str]]


def _by_ids(fit: Callable[[Sequence[str], Sequence[int]], Baseline | NaiveBayes]) -> Answers:
    def answers(split: Split) -> list[str]:
        labels = sorted(set(split.train_labels))
        ids = [labels.index(label) for label in split.train_labels]
        probs = fit(split.train_texts, ids).probs(split.test_texts)
        return [labels[place] for place in probs.argmax(axis=1)]

    return answers


def _by_characters(split: Split) -> list[str]:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True,
                                 max_features=300_000)  # fmt: skip
    model = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=300))
    return list(model.fit(split.train_texts, split.train_labels).predict(split.test_texts))


def _by_counts(split: Split) -> list[str]:
    model = make_pipeline(CountVectorizer(ngram_range=(1, 2)), MultinomialNB(alpha=0.1))
    return list(model.fit(split.train_texts, split.train_labels).predict(split.test_texts))


BASELINES = {
    "TF-IDF": _by_ids(Baseline),
    "NB-SVM": _by_ids(NaiveBayes),
    "characters": _by_characters,
    "naive Bayes": _by_counts,
}


def best_baseline(split: Split) -> tuple[str, Scores]:
    """Return the baseline with the highest macro-F1, and its scores."""
    found = {name: score(split.test_labels, fit(split)) for name, fit in BASELINES.items()}
    return max(found.items(), key=lambda item: item[1][1])


def train_version(split: Split, *, seed: int, flags: Sequence[str]) -> tuple[Scores, float]:
    """Run the command on a set's training rows; return the version's scores and the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        data, store = Path(folder) / "data.csv", Path(folder) / "store"
        with data.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows(zip(split.train_texts, split.train_labels, strict=True))
        for name in STARTS:
            shutil.copytree(SHIPPED / name, store / name)
        start = time.monotonic()
        command = [sys.executable, "-m", "training.train_classifier", "--data", str(data), "--name",
                   "own", "--store", str(store), "--run-dir", str(Path(folder) / "run"), "--seed",
                   str(seed), *flags]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - start
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        chosen = ("chosen", "joined", "starts", "warning")
        for line in done.stderr.splitlines():
            if line.startswith(chosen):
                print(f"    {line}", flush=True)
        served = ServedClassifier.open(Store(store).open("own"))
        places = served.probs(split.test_texts).argmax(axis=1)
    return score(split.test_labels, [served.config.labels[place] for place in places]), seconds


def main() -> None:
    """Run the sets asked for and print a table, then the same as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="where the sets lie")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="for the training")
    arguments = parser.parse_args()
    found = []
    for name in arguments.sets:
        try:
            split = SETS[name](arguments.data_dir)
        except FileNotFoundError as exc:
            raise SystemExit(f"{name}: {exc.filename} is missing; --sets names others") from exc
        baseline, (accuracy, f1) = best_baseline(split)
        print(f"{name}, {len(split.train_texts):,} rows, {len(split.test_texts):,} test rows: "
              f"{baseline} {accuracy:.3f} / {f1:.3f}", flush=True)  # fmt: skip
        runs = []
        for seed in arguments.seeds:
            scores, seconds = train_version(split, seed=seed, flags=arguments.flags)
            runs.append((*scores, seconds))
            print(
                f"  seed {seed}: {scores[0]:.3f} / {scores[1]:.3f} in {seconds:.0f} s", flush=True
            )
        found.append({"set": name, "rows": len(split.train_texts), "baseline": baseline,
                      "baseline_accuracy": accuracy, "baseline_f1": f1, "runs": runs})  # fmt: skip
    print("\n| set | rows | best baseline, accuracy / macro-F1 | one command | F1 by seed | time |")
    print("| --- | --- | --- | --- | --- | --- |")
    for entry in found:
        accuracies, f1s, times = np.array(entry["runs"]).T
        by_seed = ", ".join(f"{value:.3f}" for value in f1s)
        cells = [
            entry["set"],
            f"{entry['rows']:,}",
            f"{entry['baseline']} {entry['baseline_accuracy']:.3f} / {entry['baseline_f1']:.3f}",
            f"{accuracies.mean():.3f} / {f1s.mean():.3f}",
            by_seed,
            f"{times.mean():.0f} s",
        ]
        print(f"| {' | '.join(cells)} |")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
