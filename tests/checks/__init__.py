# SPDX-License-Identifier: MIT
"""Checks of the source tree and of the executables. Each is a function that raises AssertionError with what it found."""
from . import compilers, docs, executables, golden, includes, interface, scripts, style


def checks():
    """All checks as (sentence, function)."""
    for module in (includes, executables, docs, interface, golden, scripts, compilers, style):
        yield from module.CHECKS
