#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make a container image of the statically linked programs, without a daemon and without root.

The file is an OCI image layout (image-spec 1.0) with one image for each architecture, and also what "docker load" reads. It
depends on nothing but the programs, the licences, and SOURCE_DATE_EPOCH: the same input gives the same digest.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import tarfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
NOBODY = "65534:65534"

# The capabilities of the broker, by their numbers in linux/capability.h. They are permitted but not effective: with the effective
# bit the kernel would refuse to start the program where one of them is not in the bounding set (capabilities(7)).
CAPABILITIES = {"dac_override": 1, "dac_read_search": 2, "net_broadcast": 11, "net_admin": 12, "net_raw": 13, "sys_chroot": 18,
                "sys_ptrace": 19, "sys_admin": 21}
VFS_CAP_REVISION_2 = 0x02000000

# What is linked into the programs: name, Debian's package with its licence, licence by its SPDX identifier.
LIBRARIES = (("glibc", "libc6", "LGPL-2.1-or-later"), ("openssl", "libssl-dev", "Apache-2.0"), ("curl", "libcurl4-openssl-dev", "curl"),
             ("jansson", "libjansson-dev", "MIT"), ("libcap", "libcap-dev", "BSD-3-Clause"),
             ("libseccomp", "libseccomp-dev", "LGPL-2.1-only"), ("libpcap", "libpcap0.8-dev", "BSD-3-Clause"),
             ("nghttp2", "libnghttp2-dev", "MIT"), ("protobuf-c", "libprotobuf-c-dev", "BSD-2-Clause"),
             ("sqlite3", "libsqlite3-dev", "blessing"), ("zlib", "zlib1g-dev", "Zlib"))

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def hex_digest(data):
    return hashlib.sha256(data).hexdigest()


def file_capabilities():
    """The value of security.capability: struct vfs_cap_data of linux/capability.h, as text of a pax header."""
    bits = sum(1 << number for number in CAPABILITIES.values())
    return struct.pack("<5I", VFS_CAP_REVISION_2, bits & 0xFFFFFFFF, 0, bits >> 32, 0).decode("utf-8", "surrogateescape")


def project_version():
    return re.search(r"version: '([^']+)'", (REPO / "meson.build").read_text())[1]


def git(*words):
    done = subprocess.run(["git", "-C", REPO, *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def epoch():
    """When the image was made, as far as it says so: SOURCE_DATE_EPOCH, or the time of the commit."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or 0)


def library_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${source:Version}", package], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else "NOASSERTION"


def sbom(version, made):
    """What the image has inside, as SPDX 2.3."""
    own = {"SPDXID": "SPDXRef-packetflix", "name": "packetflix", "versionInfo": version, "downloadLocation": "NOASSERTION",
           "licenseConcluded": "MIT", "licenseDeclared": "MIT", "copyrightText": "NOASSERTION", "filesAnalyzed": False}
    packages = [own] + [{"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": library_version(package), "filesAnalyzed": False,
                         "downloadLocation": "NOASSERTION", "licenseConcluded": licence, "licenseDeclared": licence,
                         "copyrightText": "NOASSERTION", "supplier": "Organization: Debian"} for name, package, licence in LIBRARIES]
    links = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]}]
    links += [{"spdxElementId": own["SPDXID"], "relationshipType": "STATIC_LINK", "relatedSpdxElement": f"SPDXRef-{name}"}
              for name, _, _ in LIBRARIES]
    return as_json({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0", "name": f"packetflix-{version}",
                    "documentNamespace": f"urn:packetflix:sbom:{version}", "packages": packages, "relationships": links,
                    "creationInfo": {"created": made, "creators": ["Tool: packetflix-image"]}})


def licences():
    """Names and texts of the licences of what is inside."""
    yield "packetflix", (REPO / "LICENSE").read_bytes()
    for name, package, _ in LIBRARIES:
        text = Path("/usr/share/doc", package, "copyright")
        if not text.is_file():
            sys.exit(f"image: the licence of {name} is missing: install the package {package}")
        yield name, text.read_bytes()


class Layer:
    """The files of the image, as a tar archive."""

    def __init__(self, made):
        self._bytes, self._made, self._folders = io.BytesIO(), made, set()
        self._tar = tarfile.open(fileobj=self._bytes, mode="w", format=tarfile.PAX_FORMAT)

    def _add(self, name, mode, kind=tarfile.REGTYPE, data=b"", link="", capabilities=""):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime, entry.size, entry.linkname = kind, mode, self._made, len(data), link
        if capabilities:
            entry.pax_headers = {"SCHILY.xattr.security.capability": capabilities}
        self._tar.addfile(entry, io.BytesIO(data))

    def folder(self, name):
        for parent in [*reversed(Path(name).parents), Path(name)]:
            if str(parent) != "." and parent not in self._folders:
                self._folders.add(parent)
                self._add(str(parent), 0o755, tarfile.DIRTYPE)

    def file(self, name, data, mode=0o644, capabilities=""):
        self.folder(str(Path(name).parent))
        self._add(name, mode, data=data, capabilities=capabilities)

    def link(self, name, target):
        self._add(name, 0o777, tarfile.SYMTYPE, link=target)

    def done(self):
        self._tar.close()
        return self._bytes.getvalue()


def make_layer(programs, version, made):
    layer = Layer(made)
    for name in ("dev", "etc", "proc", "sys", "tmp"):
        layer.folder(name)
    layer.file("etc/passwd", b"root:x:0:0::/:\nnobody:x:65534:65534::/:\n")
    layer.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    for name, data in programs.items():
        layer.file(f"usr/bin/{name}", data, 0o755, file_capabilities() if name == "packetflix" else "")
    for entry_point in ("packetflix", "gostwire"):     # of deployments of the original services
        layer.link(entry_point, "usr/bin/packetflix")
    for name, text in licences():
        layer.file(f"usr/share/doc/packetflix/licences/{name}", text)
    layer.file("usr/share/doc/packetflix/sbom.spdx.json", sbom(version, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made))))
    return layer.done()


def read_programs(folder):
    programs = {path.name: path.read_bytes() for path in sorted(Path(folder).glob("packetflix*")) if path.is_file()}
    if "packetflix" not in programs or "packetflix-service" not in programs:
        sys.exit(f"image: {folder} has no statically linked programs; make them with ./build --static")
    for name, data in programs.items():
        if b"/ld-linux" in data[:4096]:
            sys.exit(f"image: {folder}/{name} is not statically linked")
    return programs


class Archive:
    """An OCI image layout in the making."""

    def __init__(self):
        self.blobs = {}

    def blob(self, data, media_type, **more):
        """Keep DATA; returns its descriptor."""
        self.blobs[f"blobs/sha256/{hex_digest(data)}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{hex_digest(data)}", "size": len(data), **more}

    def write(self, path, made, files):
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name, data in {**files, **dict(sorted(self.blobs.items()))}.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(data), made, 0o644
                tar.addfile(entry, io.BytesIO(data))


def labels(version, created):
    return {"org.opencontainers.image.title": "packetflix", "org.opencontainers.image.licenses": "MIT",
            "org.opencontainers.image.description": "Live packet captures of containers, processes and network namespaces",
            "org.opencontainers.image.version": version, "org.opencontainers.image.created": created,
            **({"org.opencontainers.image.revision": git("rev-parse", "HEAD")} if git("rev-parse", "HEAD") else {})}


def add_image(archive, architecture, programs, version, made):
    """Add the image of one architecture; returns the descriptors of its manifest, its configuration and its layer."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made))
    plain = make_layer(programs, version, made)
    layer = archive.blob(gzip.compress(plain, 9, mtime=0), LAYER)
    settings = {"User": NOBODY, "Entrypoint": ["/usr/bin/packetflix"], "Env": ["PACKETFLIX_LISTEN=[::]"], "StopSignal": "SIGTERM",
                "ExposedPorts": {"5001/tcp": {}}, "Labels": labels(version, created)}
    config = archive.blob(as_json({
        "architecture": architecture, "os": "linux", "created": created, "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hex_digest(plain)}"]}, "history": [{"created": created}]}), CONFIG)
    manifest = archive.blob(as_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}), MANIFEST,
                            platform={"architecture": architecture, "os": "linux"})
    return manifest, config, layer


def path_of(descriptor):
    return f"blobs/sha256/{descriptor['digest'].partition(':')[2]}"


def main():
    words = argparse.ArgumentParser(prog="image.py", description="Make a container image of statically linked programs.")
    words.add_argument("--output", required=True, type=Path, metavar="FILE", help="the archive to write")
    words.add_argument("--name", default=f"packetflix:{project_version()}", help="name and tag (%(default)s)")
    words.add_argument("image", nargs="+", metavar="ARCHITECTURE=FOLDER", help="such as amd64=out-static")
    given = words.parse_args()
    made, archive, images = epoch(), Archive(), {}
    for word in given.image:
        architecture, _, folder = word.partition("=")
        images[architecture] = add_image(archive, architecture, read_programs(folder), project_version(), made)
    index = archive.blob(as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image[0] for image in images.values()]}), INDEX)
    top = index if len(images) > 1 else next(iter(images.values()))[0]
    if len(images) == 1:
        archive.blobs.pop(path_of(index))
    annotations = {"io.containerd.image.name": f"docker.io/library/{given.name}", "org.opencontainers.image.ref.name": given.name.rpartition(":")[2]}
    _, config, layer = next(iter(images.values()))     # docker load takes one image: the first
    archive.write(given.output, made, {
        "oci-layout": as_json({"imageLayoutVersion": "1.0.0"}),
        "index.json": as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**top, "annotations": annotations}]}),
        "manifest.json": as_json([{"Config": path_of(config), "RepoTags": [given.name], "Layers": [path_of(layer)]}])})
    for architecture, (manifest, _, layer) in images.items():
        print(f"{given.output}: {given.name} {architecture} {manifest['digest']}, {layer['size'] / 1e6:.1f} MB compressed")


if __name__ == "__main__":
    main()
