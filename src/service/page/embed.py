#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn files into one C header of constant byte arrays: embed.py OUTPUT FILE..."""
import pathlib
import re
import sys


def main():
    output, files = sys.argv[1], sys.argv[2:]
    parts = ["/* SPDX-License-Identifier: MIT */", "/* Made from the files of web/. */",
             "#ifndef PAGE_WEB_FILES_H", "#define PAGE_WEB_FILES_H", ""]
    for name in files:
        data = pathlib.Path(name).read_bytes()
        symbol = "web_" + re.sub(r"\W", "_", pathlib.Path(name).name)
        parts.append(f"static const unsigned char {symbol}[{len(data)}] = {{")
        for i in range(0, len(data), 20):
            parts.append("\t" + ",".join(str(b) for b in data[i:i + 20]) + ",")
        parts.append("};\n")
    parts.append("#endif\n")
    pathlib.Path(output).write_text("\n".join(parts))


main()
