# SPDX-License-Identifier: MIT
"""Capture traffic of containers, pods, processes and network namespaces through a Packetflix capture service.

    import csharg

    with csharg.Client("http://localhost:5001") as client, client.capture("web", max_packets=10) as capture:
        for packet in capture:
            print(packet.interface, packet.time, packet.original_length, packet.data.hex())

The package loads libcsharg.so.1; the environment variable CSHARG_LIBRARY names another file.
"""
from ._library import lib as _lib, text as _text
from .capture import Capture, Counters, End, EndReason
from .client import Client, ServiceInfo, Target, TargetClass
from .errors import (AccessError, AmbiguousTargetError, CaptureError, Error, FormatError, InvalidError, TargetNotFoundError,
                     UnreachableError)
from .pcapng import File, Packet, Statistics

__all__ = [
    "AccessError", "AmbiguousTargetError", "Capture", "CaptureError", "Client", "Counters", "End", "EndReason", "Error", "File",
    "FormatError", "InvalidError", "Packet", "ServiceInfo", "Statistics", "Target", "TargetClass", "TargetNotFoundError",
    "UnreachableError", "library_version",
]


def library_version() -> str:
    """Version of the libcsharg that is loaded, such as "0.1.0"."""
    return _text(_lib.csharg_version())
