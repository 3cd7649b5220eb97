"""The named sets: what they are, where they are published, and the files that they are read from.

`folder(name)` answers with a folder that holds a set's files in one layout, which is also the
layout of the folder that `DATA_DIR` names:

    imdb                train.jsonl.gz, test.jsonl.gz, unsupervised.jsonl.gz
    sst2                phrases_train.tsv.gz, train.tsv, dev.tsv, test.tsv
                        (as fetched: phrases_train.tsv.gz, glue_dev.tsv)
    rt_polarity         rt-polarity.neg, rt-polarity.pos
    vader               amazonReviewSnippets_GroundTruth.txt, tweets_GroundTruth.txt,
                        vader_sentiment_lexicon.txt
    names_by_language   Arabic.txt and seventeen more
    names               names.txt
    tiny_shakespeare    input.txt
    ptb                 ptb.train.txt.gz, ptb.valid.txt.gz, ptb.test.txt.gz
    wikitext2           wiki.train.tokens.gz, wiki.valid.tokens.gz, wiki.test.tokens.gz
    eng_fra             fra.txt.gz
"""

import os
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import pooch

from training.data import archives
from training.data.fetch import Download, PublishedSet, fetch
from training.errors import DataError

CACHE_NAME = "rnn-service"

T = TypeVar("T")

_KARPATHY = "https://raw.githubusercontent.com/karpathy"
_SURNAMES = "https://raw.githubusercontent.com/spro/practical-pytorch/master/data/names"
_SURNAME_FILES = {
    "Arabic.txt": "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc",
    "Chinese.txt": "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465",
    "Czech.txt": "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7",
    "Dutch.txt": "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3",
    "English.txt": "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2",
    "French.txt": "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95",
    "German.txt": "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db",
    "Greek.txt": "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6",
    "Irish.txt": "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058",
    "Italian.txt": "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4",
    "Japanese.txt": "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f",
    "Korean.txt": "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136",
    "Polish.txt": "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826",
    "Portuguese.txt": "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53",
    "Russian.txt": "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c",
    "Scottish.txt": "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd",
    "Spanish.txt": "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7",
    "Vietnamese.txt": "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d",
}
_EWT = "https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/15d613d8447b"
_EWT_FILES = {  # release 2.16
    "train": "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
    "dev": "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    "test": "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
}

_SETS = (
    PublishedSet(
        name="imdb",
        home="https://ai.stanford.edu/~amaas/data/sentiment/",
        licence="none named by the publisher; cite Maas et al., ACL 2011",
        files=("train.jsonl.gz", "test.jsonl.gz", "unsupervised.jsonl.gz"),
        downloads=(
            Download(
                ("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
                "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            ),
        ),
        unpack=archives.unpack_imdb,
    ),
    PublishedSet(
        name="sst2",
        home="https://nlp.stanford.edu/sentiment/",
        licence="none named by the publisher; cite Socher et al., EMNLP 2013",
        files=("phrases_train.tsv.gz", "train.tsv", "dev.tsv", "test.tsv"),
        fetched_files=("phrases_train.tsv.gz", "glue_dev.tsv"),
        downloads=(
            Download(
                ("https://dl.fbaipublicfiles.com/glue/data/SST-2.zip",),
                "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa",
            ),
        ),
        unpack=archives.unpack_sst2,
    ),
    PublishedSet(
        name="rt_polarity",
        home="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        licence="none named by the publisher; cite Pang and Lee, ACL 2005",
        files=("rt-polarity.neg", "rt-polarity.pos"),
        downloads=(
            Download(
                (
                    "https://www.cs.cornell.edu/people/pabo/movie-review-data/"
                    "rt-polaritydata.tar.gz",
                    "https://storage.googleapis.com/seldon-datasets/sentence_polarity_v1/"
                    "rt-polaritydata.tar.gz",
                ),
                "a05befe52aafda71d458d188a1c54506a998b1308613ba76bbda2e5029409ce9",
            ),
        ),
        unpack=archives.unpack_rt_polarity,
    ),
    PublishedSet(
        name="vader",
        home="https://github.com/cjhutto/vaderSentiment",
        licence="MIT (C.J. Hutto, 2016); cite Hutto and Gilbert, ICWSM 2014",
        files=(
            "amazonReviewSnippets_GroundTruth.txt",
            "tweets_GroundTruth.txt",
            "vader_sentiment_lexicon.txt",
        ),
        downloads=(
            Download(
                (
                    "https://files.pythonhosted.org/packages/source/v/vaderSentiment/"
                    "vaderSentiment-3.3.2.tar.gz",
                ),
                "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
            ),
        ),
        unpack=archives.unpack_vader,
    ),
    PublishedSet(
        name="names_by_language",
        home="https://github.com/spro/practical-pytorch/tree/master/data/names",
        licence="MIT (Sean Robertson, 2017)",
        files=tuple(_SURNAME_FILES),
        downloads=tuple(
            Download((f"{_SURNAMES}/{file}",), sha256) for file, sha256 in _SURNAME_FILES.items()
        ),
    ),
    PublishedSet(
        name="ud_english_ewt",
        home="https://universaldependencies.org/treebanks/en_ewt/",
        licence="CC BY-SA 4.0; cite Silveira et al., LREC 2014",
        files=tuple(f"en_ewt-ud-{split}.conllu.gz" for split in _EWT_FILES),
        fetched_files=tuple(f"en_ewt-ud-{split}.conllu" for split in _EWT_FILES),
        downloads=tuple(
            Download((f"{_EWT}/en_ewt-ud-{split}.conllu",), sha256)
            for split, sha256 in _EWT_FILES.items()
        ),
    ),
    PublishedSet(
        name="names",
        home="https://github.com/karpathy/makemore",
        licence="MIT; the list is the US Social Security Administration's of 2018",
        files=("names.txt",),
        downloads=(
            Download(
                (f"{_KARPATHY}/makemore/master/names.txt",),
                "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
            ),
        ),
    ),
    PublishedSet(
        name="tiny_shakespeare",
        home="https://github.com/karpathy/char-rnn",
        licence="text in the public domain; repository MIT",
        files=("input.txt",),
        downloads=(
            Download(
                (f"{_KARPATHY}/char-rnn/master/data/tinyshakespeare/input.txt",),
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            ),
        ),
    ),
    PublishedSet(
        name="ptb",
        home="http://www.fit.vutbr.cz/~imikolov/rnnlm/",
        licence="Linguistic Data Consortium (LDC99T42): for research, not to be redistributed",
        files=("ptb.train.txt.gz", "ptb.valid.txt.gz", "ptb.test.txt.gz"),
        downloads=(
            Download(("http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz",), None),
        ),
        unpack=archives.unpack_ptb,
        contents={
            "ptb.train.txt.gz": "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
            "ptb.valid.txt.gz": "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
            "ptb.test.txt.gz": "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
        },
    ),
    PublishedSet(
        name="wikitext2",
        home="https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",
        licence="CC BY-SA (Merity et al. 2016)",
        files=("wiki.train.tokens.gz", "wiki.valid.tokens.gz", "wiki.test.tokens.gz"),
        downloads=(
            Download(
                ("https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",),
                "92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",
            ),
        ),
        unpack=archives.unpack_wikitext2,
    ),
    PublishedSet(
        name="eng_fra",
        home="http://www.manythings.org/anki/",
        licence="CC BY 2.0; attribution: tatoeba.org and www.manythings.org/anki",
        files=("fra.txt.gz",),
        downloads=(  # the publisher keeps the newest edition only: a copy of that of 2017-09-29
            Download(
                (
                    "https://raw.githubusercontent.com/genimind/seq2seq/"
                    "843b8bc40396fbea4ac9171097122aacfc8b9660/fra-eng.zip",
                ),
                None,
            ),
        ),
        unpack=archives.unpack_eng_fra,
        contents={
            "fra.txt.gz": "2546838ae46e0eac4c02ab7032ea0a02a006074a5340077a36a9444f41e02888",
        },
    ),
)
SETS = {published.name: published for published in _SETS}


def local_folder(name: str, files: Collection[str]) -> Path | None:
    """Return the folder of a set in the one that DATA_DIR names, if it has these files."""
    data_dir = os.environ.get("DATA_DIR", "")
    path = Path(data_dir, name)
    return path if data_dir and all((path / file).is_file() for file in files) else None


def folder(name: str) -> Path:
    """Return the folder that holds a named set's files, fetching them if they are not here.

    Args:
        name: A key of `SETS`.

    Returns:
        The set's folder in the folder that the environment's `DATA_DIR` names, if it holds the
        set's files; else the set's folder in the user's cache (on Linux ~/.cache/rnn-service).

    Raises:
        DataError: If the set is in neither and cannot be fetched.
    """
    published = SETS[name]
    path = local_folder(name, published.files)
    return path or fetch(published, Path(pooch.os_cache(CACHE_NAME)))


def read(name: str, reader: Callable[[Path], T]) -> T:
    """Read a named set.

    Args:
        name: A key of `SETS`.
        reader: Reads the set from its folder.

    Raises:
        DataError: If the set can neither be found nor fetched, or its files are not what they
            should be.
    """
    path = folder(name)
    try:
        return reader(path)
    except (OSError, EOFError, zlib.error, ValueError, LookupError) as exc:
        raise DataError(
            f"{name} cannot be read from {path}: {exc}. Replace its files, or leave DATA_DIR unset "
            "to fetch them"
        ) from exc
