"""What can go wrong while a request is served, in words that a caller can act on.

Knows no HTTP: `service/api/errors.py` holds the one table from these classes to status codes.

    ServiceError
    ├── InvalidInput       a value that the schema let through but the model cannot take
    ├── StateMismatch      a state of another version than the one that is asked to go on from it
    ├── WrongTask          a classifier was asked to generate, or a generator to classify
    ├── ModelNotFound      no such model, version or label is being served
    ├── NotReady           the engine is starting, draining or dead
    ├── QueueFull          too much is waiting already
    ├── DeadlineExceeded   the request's time limit passed before the answer was there
    ├── Cancelled          the caller left
    └── EngineFailure      the model failed on this request (a fault of ours)
"""


class ServiceError(Exception):
    """Base of every error that the engine raises on purpose.

    Args:
        message: What was got, what is allowed and the next step, for the caller to read.
        param: The request field at fault, if one is.
        retry_after_s: Seconds after which trying again makes sense, where it does.
    """

    def __init__(
        self, message: str, *, param: str | None = None, retry_after_s: float | None = None
    ) -> None:
        """Keep what the caller is told."""
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s


class InvalidInput(ServiceError):
    """A value passed the schema, but this model cannot take it."""


class StateMismatch(ServiceError):
    """The state is of another model or version than the one that answers."""


class WrongTask(ServiceError):
    """The named model exists, but does another task."""


class ModelNotFound(ServiceError):
    """No such model, version or label is being served."""


class NotReady(ServiceError):
    """The engine is starting, draining or dead; another worker or a later try may do."""


class QueueFull(ServiceError):
    """As much as `max_queue_size` allows is waiting already."""


class DeadlineExceeded(ServiceError):
    """The request's time limit passed before the answer was complete."""


class Cancelled(ServiceError):
    """The caller left before the answer was complete; nobody reads this one."""


class EngineFailure(ServiceError):
    """The model failed on this very request; its neighbours are not touched."""
