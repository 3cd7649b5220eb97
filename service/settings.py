"""The service's settings, read from the environment: the only module that reads it.

A setting's environment variable is its name in capitals: `PORT=9000` sets `port`. An empty
variable counts as unset. Knows nothing of what the settings are used for. Command:
`python -m service.settings` prints what holds here, and where each value comes from.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.cores import usable_cores
from service.schema_words import Schema, describe

PROJECT_DIR = Path(__file__).resolve().parent.parent
HIDDEN = "***"
LIKENESS = 0.88  # of a mistyped variable: MAX_BATCH_TOKEN has 0.97, HOSTNAME to HOST 0.67
SECRET = re.compile(r"(?<=://)\S*(?=@)|(?<=\?)\S+")  # of an address
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(:[A-Za-z0-9][A-Za-z0-9._-]{0,63})?$"


DEFAULT_MODELS = {
    "classify": "default_classifier",
    "generate": "default_generator",
    "tag": "default_tagger",
    "translate": "default_translator",
}
"""Names of the settings, by what is asked."""


class SettingsError(Exception):
    """A variable's value cannot be used; the message names it, and what it may be."""


class Settings(BaseSettings):
    """Everything that can be tuned without changing a model."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True
    )

    host: str = "127.0.0.1"
    """Address to listen on; the default is this machine alone, `0.0.0.0` is every network."""

    port: int = Field(default=8000, ge=1, le=65535)
    """Port to listen on."""

    metrics_host: str = "127.0.0.1"
    """Address of `METRICS_PORT`."""

    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Port for `/metrics` alone, which is then not at `PORT`; unset: at `PORT` with all else."""

    workers: int = Field(default_factory=usable_cores, ge=1, le=512)
    """Worker processes, each with its own copy of the models; default: one a usable core."""

    store_dir: Path = PROJECT_DIR / "model_store" / "models"
    """Folder of the models, `<name>/<version>/`."""

    extra_versions: int = Field(default=0, ge=0, le=1000)
    """Newest versions of each model that answer by number although `serving.json` does not name
    them, so that they can be tried and compared; each takes its model's memory."""

    store_poll_s: float = Field(default=2.0, ge=0.05, le=3600)
    """Seconds between two looks for new versions and changed plans in the store."""

    default_classifier: str = Field(default="sentiment", pattern=NAME_PATTERN)
    """Model that classifies when a request names none."""

    default_generator: str = Field(default="shakespeare", pattern=NAME_PATTERN)
    """Model that generates when a request names none."""

    default_tagger: str = Field(default="pos", pattern=NAME_PATTERN)
    """Model that tags words when a request names none."""

    default_translator: str = Field(default="en-fr", pattern=NAME_PATTERN)
    """Model that translates when a request names none."""

    api_keys_file: Path | None = None
    """File of API keys, made with `python -m service.auth new NAME`; with it every route but
    liveness and readiness needs a key. It is read again when it changes."""

    state_key: SecretStr | None = Field(default=None, min_length=32)
    """Signs the states that callers take away (`return_state`): at least 32 characters drawn by
    chance, the same on all machines that are to take them back. Unset: the server draws one at its
    start, and states end with it."""

    allow_anonymous: bool = False
    """Whether to listen on other addresses than this machine's own although no keys are set."""

    rate_limit: str = ""
    """Requests that a caller (a key, else an address) may make, such as `100/minute; 5/second`;
    beyond that a request fails with 429. Empty: as many as it likes."""

    rate_limit_storage: str = ""
    """Where requests are counted for several machines together, such as `redis://host:6379/0`;
    empty: by this service alone."""

    max_concurrent: int = Field(default=0, ge=0, le=100_000)
    """Requests of one caller that a worker answers at the same time; one more fails with 429.
    0: as many as it likes."""

    trust_forwarded_for: bool = False
    """Whether a caller's address is the last one in `X-Forwarded-For`; only right where nobody
    can reach the service but through a proxy of your own."""

    cors_origins: str = ""
    """Origins of other sites' pages whose scripts may ask here from a browser, such as
    `https://app.example, http://localhost:3000`; `*` is every page. Empty: none."""

    request_timeout_s: float = Field(default=60.0, gt=0, le=86_400)
    """Seconds after which a request that is not answered fails with 504."""

    client_timeout_s: float = Field(default=30.0, gt=0, le=86_400)
    """Seconds in which a request's body must arrive, and a client must take what is sent."""

    keepalive_s: int = Field(default=75, ge=1, le=3600)
    """Seconds that a connection may stay idle, or take to send its headers, before it is closed."""

    graceful_timeout_s: int = Field(default=30, ge=1, le=3600)
    """Seconds that running requests have to finish after SIGTERM."""

    heartbeat_s: float = Field(default=5.0, ge=0.05, le=300)
    """Seconds without an event after which a stream sends a comment, so that it is seen to live."""

    max_connections: int = Field(default=1000, ge=1, le=100_000)
    """Open connections a worker; more wait to be accepted."""

    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024, le=1 << 30)
    """Bytes of a request's body, also once unpacked; a longer one fails with 413."""

    max_bodies_bytes: int = Field(default=256 * 1024 * 1024, ge=1024, le=1 << 40)
    """Bytes of all bodies that a worker holds at the same time; beyond that those over 64 KiB fail
    with 503."""

    max_texts: int = Field(default=1024, ge=1, le=100_000)
    """Texts in one classification request."""

    max_text_chars: int = Field(default=100_000, ge=1, le=1 << 30)
    """Characters of a text or prompt; a longer one fails with 413."""

    max_explain_texts: int = Field(default=32, ge=1, le=1024)
    """Texts in one classification request with `explain`, whose answer is long."""

    max_occlusion_words: int = Field(default=256, ge=1, le=10_000)
    """Words of a text explained by occlusion; each costs one run of the whole text."""

    max_tokens: int = Field(default=4096, ge=1, le=1_000_000)
    """Tokens that a request may ask to generate; a model's own limit may be lower."""

    max_n: int = Field(default=128, ge=1, le=1024)
    """Answers that a request may ask for to one prompt."""

    max_queue_size: int = Field(default=2048, ge=1, le=1_000_000)
    """Texts or answers that may wait for one model in a worker; beyond that a request fails with
    503. A request that finds the queue empty is taken whatever its size."""

    max_generation_rows: int = Field(default=64, ge=1, le=4096)
    """Answers that a generator writes side by side in a worker; more wait for a place."""

    instruction_set: Literal["auto", "avx512vnni", "avx2", "neon", "portable", "numpy"] = "auto"
    """What 8-bit models run on; `auto` is the fastest that this machine has. Answers have the same
    bits on each."""

    stream_interval_ms: float = Field(default=20.0, ge=0, le=10_000)
    """Milliseconds between two pieces of a streamed answer, after the first; at least half of it,
    since streams are served together."""

    max_batch_tokens: int = Field(default=2048, ge=1, le=1 << 24)
    """Tokens, padding included, in one classification batch; a single text beside a bulk request
    waits for one batch."""

    max_wait_ms: float = Field(default=0.0, ge=0, le=1000)
    """Milliseconds that a free worker waits for more texts before it runs a batch."""

    otel_exporter_otlp_endpoint: str = ""
    """Where OpenTelemetry traces are sent, such as `http://collector:4318`; needs the packages of
    `requirements-otel.txt`, which read the other `OTEL_` variables themselves. Empty: no traces."""

    run_dir: Path | None = None
    """Folder where the workers count together; the server makes one at each start and sets this."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least serious lines to log; `warning` leaves out the lines of requests that went well,
    `error` those of requests that the caller has to change as well."""

    log_texts: bool = False
    """Whether what callers send is logged, up to 3,000 bytes of each body, at `LOG_LEVEL` `info`
    or `debug`; else no text of a user gets into a log."""

    @property
    def default_models(self) -> dict[str, str]:
        """The model that a request means which names none, by what is asked of it."""
        return {verb: getattr(self, name) for verb, name in DEFAULT_MODELS.items()}


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: One line for each variable whose value cannot be used.
    """
    try:
        return Settings()
    except ValidationError as exc:
        schemas = Settings.model_json_schema()["properties"]
        lines = [
            f"{str(name).upper()}={_got(name, error['input'])}: it must be "
            f"{_allowed(schemas[name])}"
            for error in exc.errors(include_url=False)
            for name in error["loc"][:1]
        ]
        raise SettingsError("\n".join(lines)) from exc


def unknown_variables(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Say which variables look like a setting, mistyped, and set nothing.

    Args:
        environment: Variables; by default those of this process.
    """
    known = [name.upper() for name in Settings.model_fields]
    for variable in sorted(os.environ if environment is None else environment):
        if variable.upper() in known:
            continue
        for near in get_close_matches(variable.upper(), known, n=1, cutoff=LIKENESS):
            yield f"{variable} is no setting and has no effect; did you mean {near}?"


def _got(name: int | str, value: object) -> object:
    """Return a value as it may be told: nothing of a secret."""
    return HIDDEN if name == "state_key" else value


def _allowed(schema: Schema) -> str:
    is_name = schema.get("pattern") == NAME_PATTERN
    return "a model's name, such as sentiment or sentiment:3" if is_name else describe(schema)


def table(settings: Settings) -> Iterator[str]:
    """Write each setting in a line: its variable, value, where that is from, and the default.

    Names, passwords and queries of addresses are not told.
    """
    header = ("variable", "value", "from", "default")
    rows = [header, *(_row(settings, name) for name in Settings.model_fields)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _row(settings: Settings, name: str) -> tuple[str, str, str, str]:
    is_set = name in settings.model_fields_set
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    value = SECRET.sub(HIDDEN, _shown(getattr(settings, name)))
    return name.upper(), value, "environment" if is_set else "default", _shown(default)


def _shown(value: object) -> str:
    return "-" if value in (None, "") else str(value)


def main() -> None:
    """Print the settings that a service started from here would have."""
    try:
        settings = load_settings()
    except SettingsError as exc:
        print(f"The service cannot start: {exc}", file=sys.stderr)
        sys.exit(2)
    for problem in unknown_variables():
        print(f"warning: {problem}", file=sys.stderr)
    print(*table(settings), sep="\n")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` closes the pipe: no error
    main()
