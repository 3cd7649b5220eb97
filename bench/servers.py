"""Starts and ends the servers that are measured, each in a process family of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import proc
from bench.models import Models

ROOT = Path(__file__).resolve().parents[1]
GUNICORN = (sys.executable, "-m", "gunicorn")
SERVICE_CONF = ("-c", "service/gunicorn.conf.py")
PATIENCE_S = 60.0
LOOK_S = 0.005


class ServerFailed(Exception):
    """A server did not start, or ended by itself; the message shows its last lines."""


class Server:
    """A running server.

    Args:
        name: What reports call it.
        command: How to start it.
        env: Variables added to this process's; `PORT` is set to `port`.
        port: Where it listens on loopback.
        log_path: Takes what it prints.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        port: int,
        log_path: Path,
    ) -> None:
        """Start the process."""
        self.name = name
        self.port = port
        self._log_path = log_path
        self._started = time.monotonic()
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **env, "PORT": str(port)},
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """The parent of the workers."""
        return self._process.pid

    def wait_until_ready(self) -> float:
        """Wait for `/readyz` to say 200; return the seconds since the start.

        Raises:
            ServerFailed: If that does not come.
        """
        while time.monotonic() - self._started < PATIENCE_S:
            if self._process.poll() is not None:
                break
            if _is_ready(self.port):
                return time.monotonic() - self._started
            time.sleep(LOOK_S)
        self.stop()
        tail = self._log_path.read_text()[-2000:]
        raise ServerFailed(f"{self.name} did not become ready:\n{tail}")

    def cpu_s(self) -> float:
        """Return the processor time that all its processes have used."""
        return proc.cpu_s(self.pid)

    def forget_log(self) -> None:
        """Empty its log, which under load grows by megabytes a second."""
        os.truncate(self._log_path, 0)

    def terminate(self) -> None:
        """Ask it to end, and return at once."""
        self._process.terminate()

    def wait(self, patience_s: float) -> float:
        """Wait until it has ended; return the seconds that took."""
        started = time.monotonic()
        self._process.wait(patience_s)
        return time.monotonic() - started

    def stop(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Servers:
    """Starts servers with logs in one folder, and ends all that still run."""

    def __init__(self, folder: Path) -> None:
        """Start none."""
        self._folder = folder
        self._running: list[Server] = []

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *, port: int | None = None
    ) -> Server:
        """Start a server, on a free port unless one is given."""
        port = port or free_port()
        log_path = self._folder / f"{name}-{port}.log"
        server = Server(name, command, env=env, port=port, log_path=log_path)
        self._running.append(server)
        return server

    def service(
        self, models: Models, workers: int, *, name: str = "service", options: Sequence[str] = ()
    ) -> Server:
        """Start the service; `options` are further ones of gunicorn's command."""
        env = {
            "STORE_DIR": str(models.store_dir),
            "DEFAULT_CLASSIFIER": models.classifier,
            "DEFAULT_GENERATOR": models.generator,
            "WORKERS": str(workers),
        }
        return self.start(name, (*GUNICORN, *SERVICE_CONF, *options), env)

    def bare(self, models: Models, workers: int) -> Server:
        """Start the route without a model."""
        env = {"WORKERS": str(workers), "STORE_DIR": str(models.store_dir)}
        return self.start("bare", (*GUNICORN, *SERVICE_CONF, "bench.bare:build()"), env)

    def parity(self, models: Models, workers: int) -> Server:
        """Start the naive application, as its docstring says."""
        env = {
            "STORE_DIR": str(models.store_dir),
            "CLASSIFIER": models.classifier,
            "GENERATOR": models.generator,
        }
        port = free_port()
        options = ("--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--timeout", "120")
        return self.start("parity", (*GUNICORN, *options, "bench.parity:app"), env, port=port)

    def stop_all(self) -> None:
        """End every server that was started."""
        for server in self._running:
            server.stop()


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Provide `Servers` that end with the block."""
    servers = Servers(folder)
    try:
        yield servers
    finally:
        servers.stop_all()


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(port: int) -> bool:
    request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(request)
            return sock.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
