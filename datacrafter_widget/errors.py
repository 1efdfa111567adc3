"""The errors this package raises. Each message says what was expected, what was found, and what to do."""


class DataCrafterError(Exception):
    """Base class of every error that this package raises on purpose."""


class InputError(DataCrafterError, ValueError):
    """An argument or a data set is not of the form that was expected."""


class TemplateError(InputError):
    """A prompt template can't be parsed or sampled."""


class StoreError(DataCrafterError):
    """A session folder can't be opened, read or written."""


class ModelError(DataCrafterError):
    """A model can't be loaded or run."""


class OutOfMemoryError(ModelError):
    """The device ran out of memory.

    Attributes:
        suggested_batch_size: a batch size that is worth trying next, or None when one picture is too much.
    """

    def __init__(self, message: str, *, suggested_batch_size: int | None = None) -> None:
        super().__init__(message)
        self.suggested_batch_size = suggested_batch_size


class JobCancelled(DataCrafterError):  # noqa: N818 - a person's decision, not a fault
    """The job was cancelled before it finished."""
