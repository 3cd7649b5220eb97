"""The publishers' own archives become the files that are read, or are refused."""

import gzip
import io
import tarfile

import pytest

from tests.training.publisher import assert_refused, make_tar, make_zip
from training.data import named_set_readers
from training.data.fetch import fetch
from training.data.named_sets import SETS

REVIEWS = {
    "aclImdb/README": b"about",
    "aclImdb/train/pos/1_9.txt": "Très bien<br />indeed".encode(),
    "aclImdb/train/neg/1_2.txt": b"Bad.",
    "aclImdb/train/neg/0_3.txt": b"Awful.",
    "aclImdb/train/unsup/0_0.txt": b"Who knows.",
    "aclImdb/test/pos/0_10.txt": b"Great.",
    "aclImdb/test/neg/0_1.txt": b"No.",
    "aclImdb/train/urls_pos.txt": b"http://",
}


def test_imdb_archive_becomes_rows_in_the_order_of_their_numbers(publisher, tmp_path):
    archive = publisher.set_of("imdb", {"aclImdb_v1.tar.gz": make_tar(REVIEWS)})
    folder = fetch(archive, tmp_path)
    labelled = named_set_readers.READERS["imdb"](folder)
    assert [(row.text, row.label) for row in labelled.train] == [
        ("Awful.", "negative"),
        ("Bad.", "negative"),
        ("Très bien<br />indeed", "positive"),
    ]
    assert [row.text for row in labelled.test or ()] == ["No.", "Great."]
    assert gzip.decompress((folder / "unsupervised.jsonl.gz").read_bytes()).count(b"\n") == 1


def test_rt_polarity_archive_is_read_as_windows_1252(publisher, tmp_path):
    members = {
        "rt-polaritydata/rt-polarity.neg": b"dull \x97 very dull . \n",
        "rt-polaritydata/rt-polarity.pos": b"a caf\xe9 of joy . \n",
    }
    archive = publisher.set_of("rt_polarity", {"rt-polaritydata.tar.gz": make_tar(members)})
    labelled = named_set_readers.READERS["rt_polarity"](fetch(archive, tmp_path))
    assert [tuple(row[:2]) for row in labelled.train] == [
        ("dull — very dull .", "negative"),
        ("a café of joy .", "positive"),
    ]


def test_vader_keeps_what_was_rated_clearly_and_holds_out_sentences_alone(publisher, tmp_path):
    inner = make_tar({
        "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt": b"".join(
            b"%d\t%.1f\tsentence %d\r\n" % (n, (n % 3 - 1) * 2.5, n) for n in range(90)
        ),
        "hutto_ICWSM_2014/tweets_GroundTruth.txt": b"1\t0.7\tjust about\r\n2\t-0.8\tjust so\r\n",
        "hutto_ICWSM_2014/vader_sentiment_lexicon.txt": b"nah\t-1.5\t1\r\nmeh\t-0.3\t1\r\n",
    })  # fmt: skip
    name = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
    archive = publisher.set_of("vader", {"vaderSentiment-3.3.2.tar.gz": make_tar({name: inner})})

    labelled = named_set_readers.READERS["vader"](fetch(archive, tmp_path))

    held_out = labelled.held_out
    assert {row.text for row in labelled.train} >= {"nah"}
    assert not {row.text for row in [*labelled.train, *held_out]} & {"meh", "just about"}
    assert len(labelled.train) + len(held_out) == 60 + 2
    assert all(row.text.startswith(("sentence", "just so")) for row in held_out)
    for row in labelled.train:
        if row.text.startswith("sentence"):
            assert row.label == ("positive" if int(row.text.split()[1]) % 3 == 2 else "negative")
    assert labelled.dropped == {"rated between -0.8 and 0.8": 30 + 2}
    assert {path.suffix for path in (tmp_path / "vader").iterdir()} == {".txt"}


def test_glue_form_of_sst2_tests_on_dev_and_keeps_parts_of_validation_out(publisher, tmp_path):
    words = ["it", "is", "a", "long", "and", "tender", "film", "of", "great", "charm"]
    phrases = [[f"{word}{n}" for word in words] for n in range(40)]
    rows = [f"{' '.join(phrase)} \t{n % 2}\n" for n, phrase in enumerate(phrases)]
    rows += [f"{' '.join(phrase[:7])} \t{n % 2}\n" for n, phrase in enumerate(phrases)]
    dev = "".join(f"a dev sentence {n} \t{n % 2}\n" for n in range(8))
    members = {
        "SST-2/train.tsv": f"sentence\tlabel\n{''.join(rows)}".encode(),
        "SST-2/dev.tsv": f"sentence\tlabel\n{dev}".encode(),
        "SST-2/test.tsv": b"index\tsentence\n0\tunlabelled\n",
    }
    archive = publisher.set_of("sst2", {"SST-2.zip": make_zip(members)})
    labelled = named_set_readers.READERS["sst2"](fetch(archive, tmp_path))
    assert [row.text for row in labelled.test or ()] == [f"a dev sentence {n}" for n in range(8)]
    validation = labelled.validation or []
    assert len(validation) == 8
    assert labelled.rows_read == 88
    held = {row.text.split()[0] for row in validation}
    assert len(labelled.train) == 80 - 2 * 8
    assert not held & {row.text.split()[0] for row in labelled.train}
    assert "no labels" in labelled.notes[0]


@pytest.mark.parametrize(
    ("name", "file", "make", "folder"),
    [
        ("ptb", "simple-examples.tgz", make_tar, "./simple-examples/data/"),
        ("wikitext2", "wikitext-2-v1.zip", make_zip, "wikitext-2/"),
        ("eng_fra", "fra-eng.zip", make_zip, ""),
    ],
)
def test_archives_of_plain_texts_give_their_files(publisher, tmp_path, name, file, make, folder):
    plain = [name.removesuffix(".gz") for name in SETS[name].files]
    members = {f"{folder}{split}": f"{split} text\n".encode() for split in plain}
    folder = fetch(publisher.set_of(name, {file: make(members)}), tmp_path)
    assert {path.name for path in folder.iterdir()} == set(SETS[name].files)
    for split in plain:
        assert gzip.decompress((folder / f"{split}.gz").read_bytes()) == f"{split} text\n".encode()


def test_sets_of_plain_files_are_kept_as_they_are(publisher, tmp_path):
    files = {file: f"Name of {file}\n".encode() for file in SETS["names_by_language"].files}
    folder = fetch(publisher.set_of("names_by_language", files), tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert len(files) == 18


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("imdb", "aclImdb_v1.tar.gz", make_tar(REVIEWS)[:200]),
        ("imdb", "aclImdb_v1.tar.gz", b"<html>moved</html>"),
        ("wikitext2", "wikitext-2-v1.zip", make_zip({"wikitext-2/wiki.train.tokens": b"x"})[:60]),
    ],
    ids=["half a tar", "a page for a tar", "half a zip"],
)
def test_archive_that_is_not_whole_is_refused(publisher, tmp_path, name, file, content):
    assert_refused(
        publisher.set_of(name, {file: content}, sha256=None), tmp_path, file, "not whole"
    )


def test_archive_without_its_members_is_refused(publisher, tmp_path):
    only_train = {name: text for name, text in REVIEWS.items() if "train" in name}
    archive = publisher.set_of("imdb", {"aclImdb_v1.tar.gz": make_tar(only_train)})
    assert_refused(archive, tmp_path, "test.jsonl.gz")


def test_archive_members_never_land_outside_the_folder(publisher, tmp_path):
    """Names that climb out, absolute names and links are passed over, not followed."""
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    buffer = io.BytesIO(gzip.decompress(make_tar(REVIEWS)))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        for name in (
            "../evil.txt",
            "aclImdb/train/pos/../../../../evil.txt",
            f"{tmp_path}/evil.txt",
        ):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("aclImdb/train/pos/7_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
    archive = publisher.set_of("imdb", {"aclImdb_v1.tar.gz": gzip.compress(buffer.getvalue())})
    folder = fetch(archive, tmp_path / "cache")
    assert len(named_set_readers.READERS["imdb"](folder).train) == 3
    assert not list(tmp_path.rglob("evil*"))
