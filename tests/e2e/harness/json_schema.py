# SPDX-License-Identifier: MIT
"""The form of /json (compatibility contract 2.6 and 2.8) as a JSON schema: which members there are, of which type, and
which may be missing. Nothing but these is allowed."""

U = {"type": "integer", "minimum": 0}
S = {"type": "string"}
B = {"type": "boolean"}
IPV4, IPV6 = 2, 10


def record(required, optional=None):
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})},
            "additionalProperties": False}


def listed(item, **more):
    return {"type": "array", "items": item, **more}


def families(item):
    return record({"ipv4": listed(item), "ipv6": listed(item)})


def named(pattern):
    return {"type": "string", "pattern": f"^({pattern})$"}


RANGES = listed({"type": "array", "items": U, "minItems": 2, "maxItems": 2})
LABELS = {"type": "object", "additionalProperties": S}
NETNS_ID, NIF_ID, TENANT_ID = named(r"netns-\d+"), named(r"nif-\d+-\d+"), named(r"cont-\d+")
NIF_REF = record({"idref": NIF_ID, "index": U, "name": S})
OWNER = record({"pid": U, "cmdline": S, "container-idref": named(r"cont-\d+|")})

GROUP = record({"container-idrefs": listed(TENANT_ID, minItems=1), "id": named(r"group-\d+"), "name": S,
                "type": {"const": "pod"}, "type-text": {"const": "Pod"}})

NULL_OR_STRINGS = {"anyOf": [{"type": "null"}, listed(S)]}
DNS = record({"uts-hostname": S, "etc-hostname": S, "domainname": S, "nameservers": NULL_OR_STRINGS,
              "searchlist": NULL_OR_STRINGS, "etc-hosts": listed(record({"name": S, "address": S}))})

_TENANT = {"cmdline": S, "group": named(r"group-\d+|"), "name": {"type": "string", "minLength": 1}, "prefix": S,
           "api-path": S, "pid": {"type": "integer", "minimum": 1}, "pidns": U, "pidns-idref": named(r"pidns-\d+|"),
           "type": {"type": "string", "minLength": 1}, "type-text": S, "id": TENANT_ID, "dns": DNS,
           "status": {"enum": ["running", "paused"]},
           "argv": listed(S), "starttime": U, "start-time": named(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")}
_FACTS = {"capbnd": named("0x[0-9a-f]{16}|0x0"), "affinity": RANGES, "policy": U, "priority": U,
          "nice": {"type": "integer", "minimum": -20, "maximum": 19}}
CONTAINER = record({**_TENANT, "container-id": S, "image": S, "labels": {**LABELS, "required": ["turtlefinder/container/prefix"]}}, _FACTS)
PROCESS = record({**_TENANT, "type": {"const": "proc"}, "type-text": {"const": "Process"}, "prefix": {"const": ""},
                  "api-path": {"const": ""}}, _FACTS)
PLACE = record({**{key: {"const": ""} for key in ("cmdline", "group", "prefix", "api-path", "pidns-idref", "status")},
                "dns": record({"etc-hosts": {"type": "null"}}), "id": named(r"bmnt-\d+"), "name": S, "pid": {"const": 0},
                "pidns": {"const": 0}, "type": {"const": "bindmount"}, "type-text": {"const": "Bind-mounted"}})


def address(family):
    return record({"family": {"const": family}, "address": S, "prefixlen": U, "preferred-lifetime": U,
                   "valid-lifetime": U, "scope": U, "index": U})


VXLAN = record({"idref": named(r"nif-\d+-\d+|"), "vid": U, "arp-proxy": B, "source-portrange": record({"low": U, "high": U}),
                "remote-port": U},
               {"source": record({}, {"source_ipv4": S, "source_ipv6": S}),
                "remote": record({}, {"remote_ipv4": S, "remote_ipv6": S})})

NIF = record(
    {"id": NIF_ID, "kind": S, "name": {"type": "string", "minLength": 1}, "index": U,
     "addresses": record({"mac": named("[0-9a-f]{2}(:[0-9a-f]{2})*"), "ipv4": listed(address(IPV4)),
                          "ipv6": listed(address(IPV6))}),
     "operstate": {"enum": ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"]},
     "physical": B, "promisc": B, "flags": listed({"type": "string", "pattern": "^[A-Z]+$"}), "mtu": U,
     "counters": record({f"{way}-{what}": U for way in ("rx", "tx") for what in ("packets", "bytes", "errors", "dropped")}),
     "driverinfo": record({"driver": S}, {"version": S, "fwversion": S, "businfo": S, "eromversion": S})},
    {"alias": {"type": "string", "minLength": 1}, "speed": {"type": "integer", "minimum": 1}, "labels": LABELS, "master": NIF_REF, "macvlan": NIF_REF,
     "macvlans": listed(NIF_REF, minItems=1), "slaves": listed(NIF_REF, minItems=1),
     "peer": record({"peer-idref": NIF_ID, "peer-index": U, "peer-name": S}),
     "tuntap": record({"mode": {"enum": ["tap", "tun"]}, "processors": listed(OWNER)}), "vxlan": VXLAN,
     "vlan": record({"vid": U, "vlan-protocol": U}), "sr-iov-role": {"enum": [1, 2]}, "pf": NIF_REF})

ROUTE = record(
    {"type": named("unspec|unicast|local|broadcast|anycast|multicast|blackhole|unreachable|prohibit|throw|nat|xresolve|"
                   r"RouteType\(\d+\)"),
     "family": {"enum": [IPV4, IPV6]}, "destination": S, "destination-prefixlen": U,
     "preference": named("[01]{2}"), "priority": U, "table": {"enum": [254, 255]}},
    {"index": {"type": "integer", "minimum": 1}, "network-interface-idref": NIF_ID, "next-hop": S})

PORT = record({"family": {"enum": [IPV4, IPV6]}, "protocol": {"enum": ["tcp", "udp"]}, "local-address": S,
               "remote-address": S, "local-port": U, "remote-port": U, "local-servicename": S, "remote-servicename": S,
               "state": S, "macrostate": {"enum": ["listening", "connected", "unconnected"]}, "owners": listed(OWNER),
               "network-interface-idrefs": listed(NIF_ID)}, {"v4mapped": B})

FORWARDED_PORT = record({"family": {"enum": [IPV4, IPV6]}, "protocol": {"enum": ["tcp", "udp", "sctp"]}, "ip": S, "port": U,
                         "servicename": S, "forward-ip": S, "forward-port": U, "forward-servicename": S, "netnsid": U,
                         "owners": listed(OWNER), "network-interface-refs": listed(NIF_ID)})

NETNS = record({"container-groups": listed(GROUP), "containers": listed({"anyOf": [CONTAINER, PROCESS, PLACE]}),
                "id": NETNS_ID, "netnsid": U, "network-interfaces": listed(NIF), "routes": families(ROUTE),
                "transport-ports": families(PORT), "forwarded-ports": families(FORWARDED_PORT)})

PIDNS = record({"id": named(r"pidns-\d+"), "pidnsid": U, "children": listed({"$ref": "#/definitions/pidns"}),
                "container-idrefs": listed(TENANT_ID)})

METADATA = record(
    {"creator": S, "creator-id": S, "creator-version": S, "creation-timestamp": S, "hostname": S,
     "container-engines": listed(record({"id": S, "type": S, "version": S, "pid": U}, {"state": S}))},
    {"osrel-name": S, "osrel-version": S, "kernel-version": S, "cpus": RANGES,
     "industrial-edge": record({"semversion": S}, {"device-name": S, "developer-mode": S})})

DOCUMENT = {**record({"metadata": METADATA, "network-namespaces": listed(NETNS),
                      "pid-namespaces": listed({"$ref": "#/definitions/pidns"})}),
            "definitions": {"pidns": PIDNS}}
