"""A publisher of data sets on this machine, and archives for it to serve."""

import hashlib
import io
import tarfile
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from training.data.fetch import Download, fetch
from training.data.named_sets import SETS
from training.errors import DataError


class Publisher:
    """A web server on a free port that serves bytes by file name and counts what it is asked."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.missing_bytes = 0  # announced but never sent
        self.num_requests = 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.num_requests += 1
                content = publisher.files.get(self.path.lstrip("/"))
                self.send_response(404 if content is None else 200)
                length = len(content or b"") + publisher.missing_bytes
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, file):
        return f"http://127.0.0.1:{self.server.server_port}/{file}"

    def set_of(self, name, files, *, sha256="right"):
        """Return the named set with its downloads here; the files are served."""
        self.files |= files
        downloads = tuple(
            Download(
                (self.url(file),),
                hashlib.sha256(content).hexdigest() if sha256 == "right" else sha256,
            )
            for file, content in files.items()
        )
        return replace(SETS[name], downloads=downloads, contents={})

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def make_tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def make_zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def assert_refused(published_set, cache, *words):
    """The error says all the words, and nothing is left behind."""
    with pytest.raises(DataError) as caught:
        fetch(published_set, cache)
    for word in words:
        assert word in str(caught.value)
    assert list(cache.iterdir()) == []
