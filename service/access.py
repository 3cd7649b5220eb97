"""Puts together what surrounds requests as the settings say: keys, limits, traces.

What is not set costs nothing.
"""

from importlib import import_module

from service.api.guards import KeyGuard, PlaceGuard, RateGuard
from service.api.handler import Guard, Observer
from service.api.metrics_port import MetricsPort
from service.auth import Keyring
from service.background_jobs import BackgroundJob
from service.rate_limits import Rates, SharedCounts, StoredCounts
from service.settings import Settings

RELOAD_S = 1.0  # seconds between two looks at the file of keys
RATES_FILE = "rates"
KEYS_FILE = "keys"


class Access:
    """The guards, observers and chores that the settings ask for.

    Args:
        settings: Of keys, rates and places.

    Raises:
        RatesError: The limits or their storage cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.guards: list[Guard] = []
        self.observers: list[Observer] = []
        self.chores: list[BackgroundJob] = []
        self.keyring: Keyring | None = None
        trusts_proxy = settings.trust_forwarded_for
        if settings.metrics_port is not None:
            self.guards.append(MetricsPort(settings.metrics_port))
        if settings.api_keys_file is not None:
            shared = settings.run_dir and settings.run_dir / KEYS_FILE
            self.keyring = Keyring(settings.api_keys_file, shared)
            self.guards.append(KeyGuard(self.keyring))
            self.chores.append(BackgroundJob("follow the API keys", self.keyring.reload, RELOAD_S))
        if settings.rate_limit:
            rates = Rates(settings.rate_limit, _counts(settings))
            self.guards.append(RateGuard(rates, trusts_proxy=trusts_proxy))
        if settings.otel_exporter_otlp_endpoint:
            self._add_tracing()
        if settings.max_concurrent:
            places = PlaceGuard(settings.max_concurrent, trusts_proxy=trusts_proxy)
            self.guards.append(places)
            self.observers.append(places.release)

    def _add_tracing(self) -> None:
        """Make traces; imported here, since it takes packages that need not be there."""
        tracing = import_module("service.observability.tracing").to_collector()
        self.guards.append(tracing.guard)
        self.observers.append(tracing.observe)


def _counts(settings: Settings) -> SharedCounts | StoredCounts:
    if settings.rate_limit_storage:
        return StoredCounts(settings.rate_limit_storage)
    return SharedCounts(settings.run_dir and settings.run_dir / RATES_FILE)
