# SPDX-License-Identifier: MIT
"""Waiting for events with a deadline instead of sleeping for a guessed time."""
import time

STEP_S = 0.05  # each look may make work for discovery and for engines


def until(predicate, what, timeout=30.0):
    """Poll PREDICATE until it is true and return its value; fail naming WHAT after TIMEOUT seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s in vain for {what}")
        time.sleep(STEP_S)
