"""Where the named sets come from: a folder of files already fetched, else their publishers.

`folder(name)` answers with a folder that holds the set's files in one layout:

    imdb                train.jsonl.gz, test.jsonl.gz, unsupervised.jsonl.gz
    sst2                phrases_train.tsv.gz, train.tsv, dev.tsv, test.tsv
    rt_polarity         rt-polarity.neg, rt-polarity.pos
    names_by_language   Arabic.txt and seventeen more
    names               names.txt
    tiny_shakespeare    input.txt
    ptb                 ptb.train.txt.gz, ptb.valid.txt.gz, ptb.test.txt.gz
    wikitext2           wiki.train.tokens.gz, wiki.valid.tokens.gz, wiki.test.tokens.gz

It knows nothing of what is in the files.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from training.errors import DataError


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """One named set.

    Args:
        name: As the caller names it, and its folder's name.
        url: The publisher's address of the file or archive.
        licence: The publisher's terms, in short.
        files: Files that the set's folder must hold.
    """

    name: str
    url: str
    licence: str
    files: tuple[str, ...]


_SETS = (
    PublishedSet(
        name="imdb",
        url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        licence="none named; cite Maas et al., ACL 2011",
        files=("train.jsonl.gz", "test.jsonl.gz", "unsupervised.jsonl.gz"),
    ),
    PublishedSet(
        name="sst2",
        url="https://dl.fbaipublicfiles.com/glue/data/SST-2.zip",
        licence="none named; cite Socher et al., EMNLP 2013",
        files=("phrases_train.tsv.gz", "dev.tsv"),
    ),
    PublishedSet(
        name="rt_polarity",
        url="https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
        licence="none named; cite Pang and Lee, ACL 2005",
        files=("rt-polarity.neg", "rt-polarity.pos"),
    ),
    PublishedSet(
        name="names_by_language",
        url="https://download.pytorch.org/tutorial/data.zip",
        licence="MIT (Sean Robertson, 2017)",
        files=("Arabic.txt", "English.txt", "Vietnamese.txt"),
    ),
    PublishedSet(
        name="names",
        url="https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
        licence="MIT; the list is the US Social Security Administration's",
        files=("names.txt",),
    ),
    PublishedSet(
        name="tiny_shakespeare",
        url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        licence="public domain text; repository MIT",
        files=("input.txt",),
    ),
    PublishedSet(
        name="ptb",
        url="http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz",
        licence="Linguistic Data Consortium (LDC99T42); for research, not to be redistributed",
        files=("ptb.train.txt.gz", "ptb.valid.txt.gz", "ptb.test.txt.gz"),
    ),
    PublishedSet(
        name="wikitext2",
        url="https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",
        licence="CC BY-SA",
        files=("wiki.train.tokens.gz", "wiki.valid.tokens.gz", "wiki.test.tokens.gz"),
    ),
)
SETS = {published.name: published for published in _SETS}


def folder(name: str) -> Path:
    """Return the folder that holds a named set's files.

    Raises:
        DataError: If the set is not in `DATA_DIR`.
    """
    published = SETS[name]
    data_dir = os.environ.get("DATA_DIR", "")
    path = Path(data_dir) / name
    if data_dir and all((path / file).is_file() for file in published.files):
        return path
    raise DataError(
        f"{name} is not here: set DATA_DIR to a folder that holds "
        f"{name}/{published.files[0]} and its other files"
    )
