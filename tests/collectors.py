"""Collectors of traces, sound and broken ones."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def collector(status=200, gate=None):
    """A collector; yields its address and the paths that were sent to.

    Args:
        status: What it answers.
        gate: An event that it waits for before it does.
    """
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            if gate is not None:
                gate.wait(60)
            with contextlib.suppress(OSError):  # who has asked may be gone
                self.send_response(status)
                self.end_headers()

        def log_message(self, *args):
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            if gate is not None:
                gate.set()
            server.shutdown()
            thread.join()
