# ruff: noqa: N999 (gunicorn looks for this name)
"""How gunicorn runs the service; every value that may be tuned comes from `service/settings.py`.

Command, from the project's folder: `gunicorn -c service/gunicorn.conf.py`. A bad setting, a port
that cannot be had or a missing store ends it at once with one clear line.
"""

import gc
import os
import secrets
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from service.http import startup_checks
from service.observability import log
from service.settings import SettingsError, load_settings, unknown_variables

try:
    settings = load_settings()
except SettingsError as exc:
    sys.exit(f"The service cannot start: {exc}")

if settings.state_key is None:  # made before the workers are, which then share it
    os.environ["STATE_KEY"] = secrets.token_urlsafe(32)
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's: the processes are the parallelism

wsgi_app = "service.wsgi:build()"
proc_name = "rnn-service"
bind = list(startup_checks.addresses(settings))
workers = settings.workers

# A worker is one thread that switches between connections; the model's run is the only long step.
worker_class = "service.http.worker.Worker"
worker_connections = settings.max_connections
http_parser = "auto"  # the parser written in C where gunicorn-h1c is installed
preload_app = False  # the engine's sessions and threads must be made after the fork
timeout = 60  # seconds without a sign of life after which a worker is replaced
graceful_timeout = settings.graceful_timeout_s + startup_checks.LEAVING_S
keepalive = settings.keepalive_s

# Heartbeat files are touched every second: in memory, and writable where the root is read-only.
worker_tmp_dir = str(startup_checks.memory_dir())
control_socket_disable = True

# No header of a proxy is believed, from anywhere: then the sender's address need not be looked at.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
forwarded_allow_ips = "*"

limit_request_line = 4094  # bytes
limit_request_fields = 64
limit_request_field_size = 8190  # bytes

logger_class = "service.http.worker.JsonLogger"
loglevel = settings.log_level
accesslog = None  # the service writes its own line for each request


# Imported before the workers are forked, which then share their memory (two workers: 52 MB less,
# by PSS). No import starts a thread, which would not survive the fork.
APPLICATION, WORKER_FILES, MEMORY = (
    "service.wsgi",
    "service.observability.worker_files",
    "service.engine.memory",
)


def on_starting(server: Any) -> None:
    """Look for what would fail later with less clear words, then import what workers share."""
    log.configure(settings.log_level)
    for warning in unknown_variables():
        server.log.warning(warning)
    for problem in startup_checks.problems(settings, server.cfg.address):
        sys.exit(f"The service cannot start: {problem}")
    server.run_dir = startup_checks.make_run_dir(Path(worker_tmp_dir))
    os.environ["RUN_DIR"] = str(server.run_dir)
    # prometheus_client reads this when it is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(server.run_dir / startup_checks.METRICS_DIR)
    import_module(APPLICATION)
    import_module(MEMORY).release()  # what imports took for a moment is not shared
    startup_checks.keep_stops_through_forks()
    gc.freeze()  # else the first collection would write to all of it, and so copy it


def pre_fork(server: Any, worker: Any) -> None:
    """See to what a worker needs; one that takes another's place does not end the service."""
    startup_checks.mend_run_dir(server.run_dir)
    if worker.age > server.cfg.workers:
        startup_checks.note_start(server.run_dir)


def post_worker_init(worker: Any) -> None:
    """Tell somebody at a terminal that the service is ready; the first worker does."""
    if worker.age == 1 and sys.stdout.isatty():
        models = worker.wsgi.extensions["engine"].models()
        tasks = {model.task for model in models if model.state == "ready" and model.is_default}
        print(startup_checks.greeting(worker.cfg.address[0], tasks), flush=True)


def worker_exit(server: Any, worker: Any) -> None:
    """Let a worker's interpreter clear up in its usual order."""
    gc.unfreeze()


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counts of a worker that has ended; what fails here must not end the others."""
    try:
        import_module(WORKER_FILES).retire(server.run_dir, worker.pid)
    except Exception:
        server.log.exception("The counts of the worker (pid:%s) are lost", worker.pid)


def on_exit(server: Any) -> None:
    """Delete the run folder that was made at the start."""
    if hasattr(server, "run_dir"):
        shutil.rmtree(server.run_dir, ignore_errors=True)
