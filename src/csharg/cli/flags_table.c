/* SPDX-License-Identifier: MIT */
#include "csharg/cli/flags.h"

#include "csharg/csharg.h"

#define AT(member) offsetof(struct options, member)

const struct flag flags_global[] = {
	{"host", 0, FLAG_STRING, AT(host), "URL",
		"capture service: [http://|https://][NAME[:PASSWORD]@]HOST[:PORT][/PATH]",
		"$CSHARG_HOST, else " CSHARG_DEFAULT_HOST},
	{"insecure", 'k', FLAG_BOOL, AT(insecure), NULL, "take any TLS certificate", NULL},
	{"ca-file", 0, FLAG_STRING, AT(ca_file), "FILE", "PEM file of the authorities to trust",
		"$SSL_CERT_FILE, else the system's"},
	{"header", 0, FLAG_STRINGS, AT(headers), "NAME:VALUE",
		"send this header with every request; repeat it for several", NULL},
	{"token", 0, FLAG_STRING, AT(token), "TOKEN",
		"bearer token; others can read it in the list of processes", NULL},
	{"token-file", 0, FLAG_STRING, AT(token_file), "FILE", "read the bearer token from FILE",
		NULL},
	{"ask-token", 0, FLAG_BOOL, AT(ask_token), NULL, "ask for the bearer token", NULL},
	{"allow-plain-token", 0, FLAG_BOOL, AT(allow_plain_token), NULL,
		"send a token or password also without TLS to another host", NULL},
	{"request-timeout", 0, FLAG_DURATION, AT(request_timeout_ms), "DURATION",
		"longest wait for the list of targets and for a capture to begin, 0 = no limit",
		"30s"},
	{"debug", 'd', FLAG_BOOL, AT(debug), NULL, "tell more on stderr", NULL},
	{"quiet", 'q', FLAG_BOOL, AT(quiet), NULL, "print nothing but errors on stderr", NULL},
	{"version", 0, FLAG_BOOL, AT(version), NULL, "show the version", NULL},
	{"help", 'h', FLAG_BOOL, AT(help), NULL, "show how a command is used", NULL},
	{NULL},
};

const struct flag flags_list[] = {
	{"output", 'o', FLAG_STRING, AT(output), "FORMAT",
		"wide, name, json, yaml, jsonpath=EXPR, jsonpath-file=FILE, go-template=TEXT, "
		"go-template-file=FILE, custom-columns=HEADER:PATH,... or custom-columns-file=FILE",
		NULL},
	{"no-headers", 0, FLAG_BOOL, AT(no_headers), NULL, "leave out the line of headers", NULL},
	{"sort-by", 0, FLAG_STRING, AT(sort_by), "EXPR",
		"JSONPath of what to sort by, '' = as the service has it",
		"{.Name}{'/'}{.NodeName}"},
	{NULL},
};

const struct flag flags_select[] = {
	{"namespace", 'n', FLAG_STRING, AT(pod_namespace), "NAMESPACE",
		"only pods of this namespace", "all"},
	{"all-namespaces", 'A', FLAG_BOOL, AT(all_namespaces), NULL,
		"pods of all namespaces, whatever -n says", NULL},
	{"selector", 'l', FLAG_STRING, AT(selector), "KEY=VALUE,...",
		"only targets with these values (!= for others) of name, type, prefix, namespace, "
		"node, netns or pid",
		NULL},
	{NULL},
};

const struct flag flags_watch[] = {
	{"no-headers", 0, FLAG_BOOL, AT(no_headers), NULL, "leave out the line of headers", NULL},
	{"output", 'o', FLAG_STRING, AT(output), "FORMAT", "json: one JSON object in each line",
		NULL},
	{NULL},
};

const struct flag flags_capture[] = {
	{"interface", 'i', FLAG_STRINGS, AT(interfaces), "NAME",
		"capture from this interface only; repeat it for several", "all of the target"},
	{"filter", 'f', FLAG_STRING, AT(filter), "FILTER", "capture filter (pcap-filter(7))", NULL},
	{"avoid-promiscuous", 'p', FLAG_BOOL, AT(avoid_promiscuous), NULL,
		"do not put interfaces into promiscuous mode", NULL},
	{"write", 'w', FLAG_STRING, AT(write), "FILE", "write packets to FILE, - = stdout", "-"},
	{"snaplen", 's', FLAG_COUNT, AT(snaplen_bytes), "BYTES",
		"keep at most so many bytes of each packet, 0 = all", NULL},
	{"follow", 0, FLAG_ON, AT(follow), "=SECONDS",
		"when a container or pod ends, wait for its return (60 seconds)", "off"},
	{"names", 0, FLAG_ON, AT(names), "=off", "put names of addresses into the capture",
		"as the service does"},
	{"duration", 0, FLAG_DURATION, AT(duration_ms), "DURATION", "stop after so long", NULL},
	{"count", 0, FLAG_COUNT, AT(packets), "N", "stop after so many packets", NULL},
	{"bytes", 0, FLAG_SIZE, AT(bytes), "SIZE", "stop before more than SIZE is written", NULL},
	{"rotate-size", 0, FLAG_SIZE, AT(rotate_bytes), "SIZE",
		"begin a new file before one is larger than SIZE", NULL},
	{"rotate-seconds", 0, FLAG_COUNT, AT(rotate_s), "SECONDS",
		"begin a new file for packets after SECONDS", NULL},
	{"files", 0, FLAG_COUNT, AT(files), "N", "keep the newest N files only", "all"},
	{NULL},
};

const struct flag flags_capture_pod[] = {
	{"namespace", 'n', FLAG_STRING, AT(pod_namespace), "NAMESPACE",
		"namespace of a pod given without one", "default"},
	{NULL},
};
