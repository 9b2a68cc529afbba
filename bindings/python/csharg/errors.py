# SPDX-License-Identifier: MIT
"""Exceptions. Each has the words of libcsharg as its text, and its errno value as `code`."""
from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from ._library import ffi, text

if TYPE_CHECKING:
    from .capture import End


class Error(Exception):
    """A call of the library failed. The base class of all exceptions of the package."""

    def __init__(self, code: int, words: str):
        super().__init__(words)
        self.code = code
        """Positive errno value, such as errno.ECONNREFUSED."""


class TargetNotFoundError(Error):
    """No target matches the query."""


class AmbiguousTargetError(Error):
    """Several targets match the query; the text lists them."""


class AccessError(Error):
    """The service refuses the token, or the token must not be sent (no TLS, or access rights of the tokens file)."""


class UnreachableError(Error):
    """There is no connection to the service, or it did not answer within the time limit."""


class InvalidError(Error, ValueError):
    """An argument is malformed: URL, header, token, or interface name."""


class FormatError(Error):
    """The bytes are not pcapng, or a file ends within a block."""


class CaptureError(Error):
    """A capture ended in another way than by stop(), a limit, or a normal end on the side of the service."""

    def __init__(self, code: int, end: End):
        super().__init__(code, end.text)
        self.end = end


_CLASSES: dict[int, type[Error]] = {
    errno.ENOENT: TargetNotFoundError,
    errno.ENOTUNIQ: AmbiguousTargetError,
    errno.EACCES: AccessError,
    errno.EPERM: AccessError,
    errno.ECONNREFUSED: UnreachableError,
    errno.ETIMEDOUT: UnreachableError,
    errno.EINVAL: InvalidError,
    errno.EBADMSG: FormatError,
}


def new_error() -> Any:
    """A struct csharg_error for the next call."""
    return ffi.new("struct csharg_error *")


def check(result: int, error: Any = None) -> int:
    """RESULT of a call, or the exception for it if it is negative, with the words in ERROR."""
    if result >= 0:
        return result
    words = text(error.text) if error is not None else ""
    raise _CLASSES.get(-result, Error)(-result, words or errno.errorcode.get(-result, str(-result)))
