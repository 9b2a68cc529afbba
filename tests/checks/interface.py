# SPDX-License-Identifier: MIT
"""The OpenAPI document describes the routes of the service, no more and no fewer."""
import json
import re

from builds import REPO

DOCUMENT = REPO / "src" / "service" / "page" / "web" / "openapi.json"
ROUTES = REPO / "src" / "service" / "routes.c"


def _routes():
    """Path and flags of each route."""
    found = re.findall(r'^\t\{"(/[^"]*)", ([A-Z_0-9| ]+),', ROUTES.read_text(), re.MULTILINE)
    assert len(found) > 10, "the table of routes is not found"
    return {path: set(flags.replace(" ", "").split("|")) for path, flags in found}


def the_document_has_every_route():
    routes, paths = _routes(), json.loads(DOCUMENT.read_text())["paths"]
    assert sorted(routes) == sorted(paths), f"only in one of both: {sorted(set(routes) ^ set(paths))}"


def the_document_says_what_needs_a_token_and_what_is_a_websocket():
    paths, wrong = json.loads(DOCUMENT.read_text())["paths"], []
    for path, flags in _routes().items():
        get = paths[path]["post" if "ROUTE_POST" in flags else "delete" if "ROUTE_DELETE" in flags else "get"]
        if ("ROUTE_OPEN" in flags) != (get.get("security") == []) or ("ROUTE_OPEN" in flags) == ("401" in get["responses"]):
            wrong.append(f"{path}: token")
        if ("ROUTE_WEBSOCKET" in flags) != ("101" in get["responses"]):
            wrong.append(f"{path}: WebSocket")
    assert not wrong, "\n".join(wrong)


def the_document_has_every_parameter_of_captures():
    words = (REPO / "src" / "service" / "capture" / "words.c").read_text()
    known = re.findall(r'^\t\{"([\w-]+)", (?:"|NULL)', words, re.MULTILINE)
    paths = json.loads(DOCUMENT.read_text())["paths"]
    assert len(known) > 5, "the table of parameters is not found"
    for path in ("/capture", "/capture.pcapng"):
        described = [parameter["name"] for parameter in paths[path]["get"]["parameters"]]
        assert sorted(described) == sorted(known), f"{path}: only in one of both: {sorted(set(described) ^ set(known))}"


CHECKS = (
    ("the OpenAPI document has every parameter of captures", the_document_has_every_parameter_of_captures),
    ("the OpenAPI document has every route", the_document_has_every_route),
    ("the OpenAPI document says what needs a token", the_document_says_what_needs_a_token_and_what_is_a_websocket),
)
