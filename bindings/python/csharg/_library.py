# SPDX-License-Identifier: MIT
"""libcsharg.so.1 through cffi in ABI mode. DECLARATIONS is the part of csharg.h that the package uses; a test compares it
with the header."""
from __future__ import annotations

import os
from typing import Any

from cffi import FFI

STRUCTS = """
struct csharg_client;
struct csharg_stream;
struct csharg_reader;

struct csharg_error { int code; char text[512]; };

struct csharg_client_options {
    size_t size;
    const char *token;
    bool insecure;
    const char *ca_file;
    uint32_t timeout_ms;
    const char *proxy;
    const char *no_proxy;
    const char *user_agent;
    const char *tokens_file;
    bool plain_token;
    const char *const *headers;
    size_t n_headers;
};

struct csharg_service { const char *name; const char *version; bool is_ours; };

struct csharg_target {
    const char *name;
    const char *type;
    const char *prefix;
    const char *node_name;
    uint64_t netns;
    uint64_t starttime;
    int32_t pid;
    bool has_interfaces;
    const char *const *interfaces;
    size_t n_interfaces;
    bool has_cluster;
    const char *cluster_context, *cluster_uid;
    const char *capture_service;
    uint32_t capture_port;
    const char *id;
    const char *netns_name;
};

struct csharg_targets { size_t n; const struct csharg_target *const *target; };

enum csharg_class { CSHARG_ANY, CSHARG_CONTAINERS, CSHARG_PODS, CSHARG_NETWORKS };

struct csharg_query {
    const char *name;
    enum csharg_class type_class;
    const char *pod_namespace;
    const char *node;
};

struct csharg_capture_options {
    size_t size;
    const char *const *interfaces;
    size_t n_interfaces;
    const char *filter;
    bool avoid_promiscuous;
    uint32_t snaplen_bytes;
    uint64_t max_duration_ms;
    uint64_t max_packets;
    uint64_t max_bytes;
    uint32_t stop_wait_ms;
    uint32_t ping_ms;
    const char *follow;
    const char *names;
};

enum csharg_end_reason {
    CSHARG_END_RUNNING, CSHARG_END_STOPPED, CSHARG_END_DURATION, CSHARG_END_PACKETS, CSHARG_END_BYTES,
    CSHARG_END_CLOSED, CSHARG_END_REFUSED, CSHARG_END_LOST, CSHARG_END_PROTOCOL, CSHARG_END_OUTPUT_GONE,
    CSHARG_END_OUTPUT, CSHARG_END_MEMORY
};

struct csharg_end {
    enum csharg_end_reason reason;
    int error;
    int close_code;
    bool truncated;
    const char *text;
};

struct csharg_counters { uint64_t packets, bytes; uint64_t lost; uint64_t received; uint32_t interfaces; };

struct csharg_packet {
    const char *interface;
    uint32_t interface_id;
    uint16_t linktype;
    uint64_t ts_ns;
    const uint8_t *bytes;
    uint32_t len_bytes;
    uint32_t original_len_bytes;
    uint32_t flags;
    uint64_t lost_before;
};

struct csharg_statistics {
    const char *interface;
    uint32_t interface_id;
    uint64_t received, lost, lost_kernel, delivered;
};

struct csharg_name { const char *address; const char *name; };

struct csharg_packet_fns {
    size_t size;
    int (*interface_fn)(void *ctx, uint32_t id, const char *name, uint16_t linktype);
    int (*packet_fn)(void *ctx, const struct csharg_packet *packet);
    int (*statistics_fn)(void *ctx, const struct csharg_statistics *statistics);
    int (*name_fn)(void *ctx, const struct csharg_name *name);
};
"""

FUNCTIONS = """
const char *csharg_version(void);
int csharg_client_new(const char *url, const struct csharg_client_options *options, struct csharg_client **ret_client,
    struct csharg_error *e);
void csharg_client_free(struct csharg_client *client);
const char *csharg_client_url(const struct csharg_client *client);
const char *csharg_client_token_source(const struct csharg_client *client);
void csharg_client_cancel(struct csharg_client *client);
int csharg_client_service(struct csharg_client *client, struct csharg_service **ret_service, struct csharg_error *e);
void csharg_service_free(struct csharg_service *service);
int csharg_client_targets(struct csharg_client *client, struct csharg_targets **ret_targets, struct csharg_error *e);
void csharg_targets_free(struct csharg_targets *targets);
int csharg_targets_find(const struct csharg_targets *targets, const struct csharg_query *query,
    const struct csharg_target **ret_target, struct csharg_error *e);
int csharg_target_copy(const struct csharg_target *target, struct csharg_target **ret_target);
void csharg_target_free(struct csharg_target *target);
int csharg_capture_packets(struct csharg_client *client, const struct csharg_target *target,
    const struct csharg_capture_options *options, const struct csharg_packet_fns *fns, void *ctx,
    struct csharg_stream **ret_stream, struct csharg_error *e);
int csharg_stream_fd(const struct csharg_stream *stream);
int csharg_stream_timeout_ms(const struct csharg_stream *stream);
int csharg_stream_step(struct csharg_stream *stream);
void csharg_stream_stop(struct csharg_stream *stream);
void csharg_stream_end(const struct csharg_stream *stream, struct csharg_end *ret_end);
void csharg_stream_counters(const struct csharg_stream *stream, struct csharg_counters *ret_counters);
void csharg_stream_free(struct csharg_stream *stream);
int csharg_reader_new(const struct csharg_packet_fns *fns, void *ctx, struct csharg_reader **ret_reader);
int csharg_reader_feed(struct csharg_reader *reader, const uint8_t *bytes, size_t len_bytes, struct csharg_error *e);
size_t csharg_reader_pending(const struct csharg_reader *reader);
void csharg_reader_free(struct csharg_reader *reader);
"""

DECLARATIONS = STRUCTS + FUNCTIONS

ffi: Any = FFI()
ffi.cdef(DECLARATIONS)
lib: Any = ffi.dlopen(os.environ.get("CSHARG_LIBRARY") or "libcsharg.so.1")


def text(pointer: Any) -> str:
    """The string at POINTER, "" for NULL."""
    return bytes(ffi.string(pointer)).decode("utf-8", "replace") if pointer else ""


class Arguments:
    """Strings that a struct of the library points to: they live as long as this object."""

    def __init__(self) -> None:
        self._kept: list[Any] = []

    def string(self, value: str | None) -> Any:
        """VALUE for the library, NULL for None. The library reads up to the first NUL, so there must be none."""
        if value is None:
            return ffi.NULL
        if "\0" in value:
            raise ValueError("a string with a NUL character")
        self._kept.append(ffi.new("char[]", value.encode()))
        return self._kept[-1]

    def strings(self, values: list[str]) -> Any:
        self._kept.append(ffi.new("const char *[]", [self.string(value) for value in values]))
        return self._kept[-1]
