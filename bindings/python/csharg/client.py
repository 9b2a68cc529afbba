# SPDX-License-Identifier: MIT
"""Client of a capture service, and its targets."""
from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Mapping, NamedTuple, Sequence

from . import errors
from ._library import Arguments, ffi, lib, text
from .capture import Capture, make_options


class TargetClass(enum.Enum):
    """Which targets Client.find() looks at."""

    ANY = 0
    CONTAINERS = 1
    PODS = 2
    NETWORKS = 3
    """Processes and bind-mounted network namespaces."""


@dataclass(frozen=True)
class Target:
    """A container, pod, process or network namespace that can be captured."""

    name: str
    type: str
    """"docker", "containerd", "podman", "CRI", "pod", "proc", "bindmount", ..."""
    prefix: str
    """Names of the containers around it, "" if there are none."""
    node_name: str
    netns: int
    """Inode number of the network namespace, 0 = unknown."""
    pid: int
    """Process id, 0 = unknown."""
    interfaces: tuple[str, ...] | None
    """Names of network interfaces, None = unknown."""
    id: str
    """Id of the container, "" = unknown."""
    netns_name: str
    """Name of the network namespace in ip-netns(8), "" = unknown."""
    _handle: Any = field(repr=False, compare=False)


class ServiceInfo(NamedTuple):
    """What a service reports about itself; "" = nothing."""

    name: str
    version: str


def _target(shown: Any) -> Target:
    new = ffi.new("struct csharg_target **")
    errors.check(lib.csharg_target_copy(shown, new))
    t = ffi.gc(new[0], lib.csharg_target_free)
    interfaces = tuple(text(t.interfaces[i]) for i in range(t.n_interfaces)) if t.has_interfaces else None
    return Target(text(t.name), text(t.type), text(t.prefix), text(t.node_name), t.netns, t.pid, interfaces, text(t.id),
                  text(t.netns_name), t)


class Client:
    """A capture service, and a context manager.

    url: [http://|https://][NAME[:PASSWORD]@]HOST[:PORT][/PATH]; None = CSHARG_HOST of the environment, else localhost:5001.
    token: None = CSHARG_TOKEN or the tokens file, "" = none.
    insecure: accept any TLS certificate.
    ca_file: PEM file of authorities to trust instead of those of the system.
    timeout: seconds for a list and for starting a capture; None = no limit.
    plain_token: send a token or password also without TLS.
    headers: sent with every request.

    Nothing is sent yet. Several threads may use a client at the same time.
    """

    def __init__(self, url: str | None = None, *, token: str | None = None, insecure: bool = False, ca_file: str | None = None,
                 timeout: float | None = 30.0, proxy: str | None = None, plain_token: bool = False,
                 headers: Mapping[str, str] | None = None):
        if timeout is not None and not 0.001 <= timeout < 2**32 / 1000:
            raise ValueError(f"timeout={timeout!r}: not a number of seconds from 0.001 on, or too large")
        arguments, options = Arguments(), ffi.new("struct csharg_client_options *")
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        options.size = ffi.sizeof("struct csharg_client_options")
        options.token, options.insecure, options.ca_file = arguments.string(token), insecure, arguments.string(ca_file)
        options.timeout_ms = 0 if timeout is None else int(timeout * 1000)
        options.proxy, options.plain_token = arguments.string(proxy), plain_token
        options.user_agent = arguments.string(f"python-csharg/{text(lib.csharg_version())}")
        options.headers, options.n_headers = arguments.strings(lines), len(lines)
        new, error = ffi.new("struct csharg_client **"), errors.new_error()
        errors.check(lib.csharg_client_new(arguments.string(url), options, new, error), error)
        self._client: Any = ffi.gc(new[0], lib.csharg_client_free)

    def _open(self) -> Any:
        if self._client is None:
            raise ValueError("the client is closed")
        return self._client

    @property
    def url(self) -> str:
        """The URL as understood: scheme, host, port if given, path."""
        return text(lib.csharg_client_url(self._open()))

    @property
    def token_source(self) -> str:
        """Where the token comes from: "option", "URL", "CSHARG_TOKEN" or "FILE:LINE"; "" = no token is sent."""
        return text(lib.csharg_client_token_source(self._open()))

    def close(self) -> None:
        """Free the client. Running captures go on. No other call may be under way. Repeated calls have no effect."""
        if self._client is not None:
            ffi.release(self._client)
            self._client = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cancel(self) -> None:
        """Make calls that are under way in other threads, and all later calls, raise Error with code ECANCELED."""
        lib.csharg_client_cancel(self._open())

    def service(self) -> ServiceInfo:
        """Name and version of the service."""
        new, error = ffi.new("struct csharg_service **"), errors.new_error()
        errors.check(lib.csharg_client_service(self._open(), new, error), error)
        shown = ffi.gc(new[0], lib.csharg_service_free)
        return ServiceInfo(text(shown.name), text(shown.version))

    def _targets(self) -> Any:
        new, error = ffi.new("struct csharg_targets **"), errors.new_error()
        errors.check(lib.csharg_client_targets(self._open(), new, error), error)
        return ffi.gc(new[0], lib.csharg_targets_free)

    def targets(self) -> list[Target]:
        """All targets, sorted by name, prefix, type and network namespace. Every call queries the service."""
        found = self._targets()
        return [_target(found.target[i]) for i in range(found.n)]

    def find(self, name: str, *, type_class: TargetClass = TargetClass.ANY, pod_namespace: str | None = None,
             node: str | None = None) -> Target:
        """The one target with this name, PREFIX:NAME, container id (or its beginning), or process id; "host" is the host.
        Raises TargetNotFoundError or AmbiguousTargetError."""
        arguments, query = Arguments(), ffi.new("struct csharg_query *")
        query.name, query.type_class = arguments.string(name), type_class.value
        query.pod_namespace, query.node = arguments.string(pod_namespace), arguments.string(node)
        found, shown, error = self._targets(), ffi.new("const struct csharg_target **"), errors.new_error()
        errors.check(lib.csharg_targets_find(found, query, shown, error), error)
        return _target(shown[0])

    def capture(self, target: Target | str, *, interfaces: Sequence[str] = (), filter: str | None = None,
                promiscuous: bool = True, snaplen: int | None = None, duration: float | None = None,
                max_packets: int | None = None, max_bytes: int | None = None, follow: str | int | None = None,
                names: bool | None = None) -> Capture:
        """Start a capture of TARGET, a Target or a name for find().

        interfaces: names; none = all.
        filter: capture filter (pcap-filter(7)).
        snaplen: bytes to keep of each packet; None = all.
        duration, max_packets, max_bytes: limits in seconds, packets, and bytes of pcapng; None = no limit.
        follow: when a container ends: "off" ends the capture, "on" or a number of seconds waits for its return.
        names: whether the stream has names of addresses; None = as the service is configured.
        """
        arguments = Arguments()
        options = make_options(arguments, interfaces=interfaces, filter=filter, promiscuous=promiscuous, snaplen=snaplen,
                               duration=duration, max_packets=max_packets, max_bytes=max_bytes, follow=follow, names=names)
        found = self.find(target) if isinstance(target, str) else target
        return Capture(self._open(), found._handle, arguments, options)
