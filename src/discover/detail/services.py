#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn lines "PORT PROTOCOL NAME" into a C table for each protocol: services.py INPUT OUTPUT"""
import pathlib
import sys


def main():
    lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
    tables = {"tcp": {}, "udp": {}, "sctp": {}}
    for line in lines:
        if line and not line.startswith("#"):
            port, protocol, name = line.split()
            if int(port) in tables[protocol]:
                raise SystemExit(f"twice: {line}")
            tables[protocol][int(port)] = name
    parts = ["/* SPDX-License-Identifier: MIT */", "/* Made from services.txt; each table by port. */",
             "#ifndef DETAIL_SERVICES_TABLE_H", "#define DETAIL_SERVICES_TABLE_H", "", "#include <stdint.h>", "",
             "struct service {", "\tuint16_t port;", "\tconst char *name;", "};", ""]
    for protocol, table in tables.items():
        parts.append(f"static const struct service {protocol}_services[] = {{")
        parts += [f'\t{{{port}, "{name}"}},' for port, name in sorted(table.items())]
        parts.append("};\n")
    parts.append("#endif\n")
    pathlib.Path(sys.argv[2]).write_text("\n".join(parts))


main()
