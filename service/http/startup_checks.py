"""What is looked at before the first worker starts, said in one clear line where it is wrong.

Also the run folder, in which the workers of one start count together: in memory, gone at the end.
"""

import contextlib
import errno
import ipaddress
import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from model_store import StoreError, StoreReader
from recurrent.engine import PLAIN, chosen_path
from service.api.cors import Cors, OriginsError
from service.api.task import api_tasks
from service.auth import KeysError, read_keys
from service.rate_limits import Rates, RatesError, SharedCounts, StoredCounts
from service.settings import Settings

logger = logging.getLogger(__name__)

# Only what mkdtemp makes goes there.
SHARED_MEMORY = Path("/dev/shm")  # nosec B108
TRACING = "service.observability.tracing"  # takes packages that need not be there
METRICS_DIR = "metrics"
STARTED_FILE = "started"
FAILED_FILE = "failed"
LEAVING_S = 5  # a worker that has drained has this long to end before it is killed
RUN_DIR_PREFIX = "rnn-service-"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
LOCAL = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "")  # nosec B104 (told, not listened at)
LOOPBACK_NAMES = ("localhost", "")  # gunicorn's unix sockets have no host

Address = tuple[str, int] | str
"""Host and port, or the path of a Unix socket."""


def problems(settings: Settings, addresses: Iterable[Address]) -> Iterator[str]:
    """Say what keeps the service from starting, the first thing to repair first."""
    checks = [
        check_store(settings.store_dir),
        check_keys(settings.api_keys_file),
        check_rates(settings),
        check_origins(settings.cors_origins),
        check_tracing(settings.otel_exporter_otlp_endpoint),
        check_instruction_set(settings.instruction_set),
        check_doors(settings),
    ]
    for address in addresses:
        if isinstance(address, tuple):
            checks += [check_exposure(address[0], settings), check_port(*address)]
    yield from (problem for problem in checks if problem is not None)


def addresses(settings: Settings) -> Iterator[str]:
    """Say where to listen, as gunicorn reads it."""
    doors = [(settings.host, settings.port)]
    if settings.metrics_port is not None:
        doors.append((settings.metrics_host, settings.metrics_port))
    for host, port in doors:
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_instruction_set(wanted: str) -> str | None:
    """Say if 8-bit models cannot run as wanted; warn where they would run slowly."""
    try:
        chosen = chosen_path(wanted)
    except ValueError as exc:
        return f"INSTRUCTION_SET={exc}"
    if chosen == PLAIN and wanted != PLAIN:
        logger.warning("8-bit models run in numpy, slowly: python -m recurrent.build mends it")
    return None


def check_store(store_dir: Path) -> str | None:
    """Say what is wrong with the store, if anything."""
    if not store_dir.is_dir():
        return f"there is no model store at {store_dir}; STORE_DIR names its folder"
    try:
        names = StoreReader(store_dir).names()
    except StoreError as exc:
        return str(exc)
    if not names:
        return (
            f"the model store at {store_dir} holds no model; train one (make train-sentiment), or "
            "let STORE_DIR name a folder with models"
        )
    return None


def check_keys(path: Path | None) -> str | None:
    """Say why the file of API keys cannot be used, if so."""
    try:
        if path is not None:
            read_keys(path)
    except KeysError as exc:
        return str(exc)
    return None


def check_rates(settings: Settings) -> str | None:
    """Say why the limits cannot be used, if so."""
    try:
        if settings.rate_limit:
            Rates(settings.rate_limit, SharedCounts(None))
        if settings.rate_limit_storage:
            StoredCounts(settings.rate_limit_storage)
    except RatesError as exc:
        return str(exc)
    return None


def check_origins(origins: str) -> str | None:
    """Say why the origins cannot be used, if so."""
    try:
        if origins:
            Cors(origins)
    except OriginsError as exc:
        return str(exc)
    return None


def check_tracing(endpoint: str) -> str | None:
    """Say what is missing for traces, or cannot be used, if they are wanted."""
    if not endpoint:
        return None
    try:
        import_module(TRACING).check(endpoint)
    except ImportError as exc:
        return (
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set ({exc}): pip install -r requirements-otel.txt, or "
            "unset it"
        )
    except Exception as exc:  # whatever packages of others say of a variable
        return f"no traces can be made as the OTEL_ variables say: {exc or repr(exc)}"
    return None


def check_doors(settings: Settings) -> str | None:
    """Say why figures cannot have the port that is named for them, if so."""
    if settings.metrics_port != settings.port:
        return None
    return f"METRICS_PORT={settings.metrics_port} is PORT as well: name another, or none"


def check_exposure(host: str, settings: Settings) -> str | None:
    """Say why the service must not listen at `host`, if so: others would get in without a key."""
    if settings.api_keys_file is not None or settings.allow_anonymous or is_loopback(host):
        return None
    return (
        f"at {host} others could ask it without a key: name a file of keys with API_KEYS_FILE "
        "(python -m service.auth new NAME makes one), or set ALLOW_ANONYMOUS=1 where that is meant"
    )


def greeting(address: Address, tasks: Collection[str]) -> str:
    """Say where the service answers, and a command to try it with."""
    host, port = address if isinstance(address, tuple) else (LOCAL, 0)
    host = LOCAL if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    known = {name: one for task in api_tasks().values() for name, one in task.examples.items()}
    example = next((one for name, one in known.items() if name in tasks), None)
    lines = [f"The service answers at http://{host}:{port} (Ctrl-C stops it)."]
    lines.append(f"Its page is at http://{host}:{port}/, all routes at http://{host}:{port}/docs.")
    if example is not None:
        lines[-1] += " In another terminal:"
        lines.append(
            f"  curl http://{host}:{port}{example.path} -H 'content-type: application/json' "
            f"-d '{example.fields}'"
        )
    return "\n".join(lines)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine itself reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES


def check_port(host: str, port: int) -> str | None:
    """Say why the service could not listen at `host` and `port`, if so."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            return listen_problem(exc, host, port)
    return None


def listen_problem(exc: OSError, host: str, port: int) -> str:
    """Say what to do about an error of binding to `host` and `port`."""
    if exc.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; stop what runs there, or set PORT to another"
    if exc.errno == errno.EACCES:
        return f"port {port} is for privileged users; set PORT to one from 1024 on"
    return f"it cannot listen at {host} port {port} ({exc.strerror}); check HOST and PORT"


def keep_stops_through_forks() -> None:
    """Let a worker that was forked a moment ago die of a signal to stop.

    It has the master's handlers until gunicorn sets the worker's own, and they would put the
    signal into a queue that nobody reads: the worker would start, and the master wait for it.
    """

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def forget_handlers() -> None:
        for stop in STOP_SIGNALS:
            signal.signal(stop, signal.SIG_DFL)
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=forget_handlers)


def memory_dir() -> Path:
    """Return a folder in memory, or the one for temporary files where there is none."""
    return SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())


def make_run_dir(parent: Path) -> Path:
    """Make a run folder for this process, and delete those of processes that were killed."""
    for left in parent.glob(f"{RUN_DIR_PREFIX}*"):
        pid = left.name.removeprefix(RUN_DIR_PREFIX).partition("-")[0]
        is_ours = left.lstat().st_uid == os.getuid()
        if is_ours and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{RUN_DIR_PREFIX}{os.getpid()}-", dir=parent))
    mend_run_dir(made)
    return made


def note_start(run_dir: Path | None) -> None:
    """Note that the service has started: from now on no worker that fails ends it; never raises."""
    if run_dir is not None:
        with contextlib.suppress(OSError):
            (run_dir / STARTED_FILE).touch()


def is_first_to_fail(run_dir: Path | None) -> bool:
    """Tell whether no other worker has told yet why the service cannot start; never raises."""
    if run_dir is None:
        return True
    try:
        (run_dir / FAILED_FILE).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        pass  # better told twice than not at all
    return True


def wait_to_be_stopped() -> None:
    """Wait, as a worker that failed second, for the master to stop it.

    It halts for the first one; another that ends meanwhile by itself ends it in a traceback.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(LEAVING_S)


def has_started(run_dir: Path | None) -> bool:
    """Tell whether a worker has served already, so that others may go on without this one."""
    return run_dir is not None and (run_dir / STARTED_FILE).exists()


def mend_run_dir(run_dir: Path) -> None:
    """Make what is missing of the run folder: somebody may have cleared it away; never raises."""
    try:
        run_dir.mkdir(mode=0o700, exist_ok=True)
        (run_dir / METRICS_DIR).mkdir(exist_ok=True)
    except OSError as exc:
        logger.error("the run folder cannot be made again: %s", exc)
