/* SPDX-License-Identifier: MIT */
#include "extcap/describe.h"

#include <string.h>

#include "base/own.h"
#include "base/version.h"

/* Attributes behind number, group and call, in the order that plugins have always used. */
struct option {
	unsigned int number;
	const char *group; /* NULL without */
	const char *call, *attributes;
};

#define INSECURE                                                                                   \
	{                                                                                          \
		2, NULL, "--insecure",                                                             \
			"{type=boolflag}{display=\u26a0 INSECURE \u26a0 Skip server certificate "  \
			"validation}"                                                              \
	}

/* A password field is not saved in the preferences: a token must not reach another service when the
 * URL changes. */
#define TOKEN                                                                                      \
	{3, NULL, "--token",                                                                       \
		"{type=password}{display=Token}{tooltip=Bearer token of this service; not saved. " \
		"Saved ones are in ~/.config/packetflix/tokens}"},                                 \
	{                                                                                          \
		4, NULL, "--plaintoken",                                                           \
			"{type=boolflag}{display=Send token without TLS}{default=false}"           \
			"{tooltip=Others on the way can read it}"                                  \
	}

static const struct option of_mobyshark[] = {
	{1, NULL, "--dockerhosturl",
		"{type=string}{required=true}{display=Docker host URL}"
		"{tooltip=Name or address of the Docker host}"
		"{placeholder=http://host-ip-or-dns:5001}"},
	INSECURE,
	TOKEN,
	{DESCRIBE_CONTAINER, NULL, "--container",
		"{type=selector}{reload=true}{display=Containers}{placeholder=refresh}"},
	{DESCRIBE_NIF, NULL, "--nif",
		"{type=selector}{reload=true}{display=Interfaces}{placeholder=refresh}"},
	{30, NULL, "--showpods", "{type=boolflag}{display=Show pods}{default=false}"},
	{31, NULL, "--showcontainers",
		"{type=boolflag}{display=Show standalone containers}{default=true}"},
	{32, NULL, "--showprocs", "{type=boolflag}{display=Show processes}{default=false}"},
	{33, NULL, "--showemptynetns",
		"{type=boolflag}{display=Show process-less IP stacks}{default=false}"},
	{40, NULL, "--noprom", "{type=boolflag}{display=No promiscuous mode}{default=false}"},
};

static const struct option of_packetflix[] = {
	INSECURE,
	TOKEN,
	{10, NULL, "--url",
		"{type=string}{required=true}{display=capture URL}"
		"{tooltip=URL of the remote capture service}{placeholder=packetflix://...}"},
};

static const struct option of_both[] = {
	{600, "Proxy", "--proxyoff",
		"{type=boolflag}{default=yes}{display=Disable proxies}"
		"{tooltip=Turns all proxies off}"},
	{666, "Proxy", "--httpproxy",
		"{type=string}{display=HTTP proxy}"
		"{placeholder=http://poxyproxy.acme.com:1234}"},
	{667, "Proxy", "--httpsproxy",
		"{type=string}{display=HTTPS proxy}"
		"{placeholder=http://poxyproxy.acme.com:1234}"},
	{668, "Proxy", "--noproxy",
		"{type=string}{display=No proxy}"
		"{placeholder=destinations to be reached without a proxy}"},
};

enum nif describe_find(const char *name)
{
	if (strcmp(name, "mobyshark") == 0)
		return NIF_MOBYSHARK;
	return strcmp(name, "packetflix") == 0 ? NIF_PACKETFLIX : NIF_UNKNOWN;
}

void describe_interfaces(struct text *t, const char *help_path)
{
	text_put(t, "extcap {version=" PACKETFLIX_VERSION "}");
	if (*help_path) {
		text_put(t, "{help=file://");
		text_put(t, help_path);
		text_put(t, "}");
	}
	text_put(t,
		"\n"
		"interface {value=mobyshark}{display=Docker host capture (" PACKETFLIX_VERSION
		")}\n"
		"interface {value=packetflix}{display=packetflix:// remote cluster and container "
		"host capture (" PACKETFLIX_VERSION ")}\n");
}

void describe_dlts(struct text *t)
{
	/* The first link type for private use: the stream says itself which ones it has. */
	text_put(t, "dlt {number=147}{name=CLUSTERSHARK}{display=remote container capture}\n");
}

static void put_options(struct text *t, const struct option *o, size_t n)
{
	for (; n > 0; n--, o++) {
		text_put(t, "arg {number=");
		text_put_u64(t, o->number);
		text_put(t, o->group ? "}{group=" : "");
		text_put(t, o->group ? o->group : "");
		text_put(t, "}{call=");
		text_put(t, o->call);
		text_put(t, "}");
		text_put(t, o->attributes);
		text_put(t, "\n");
	}
}

void describe_config(struct text *t, enum nif nif)
{
	if (nif == NIF_MOBYSHARK)
		put_options(t, of_mobyshark, ARRAY_LEN(of_mobyshark));
	else
		put_options(t, of_packetflix, ARRAY_LEN(of_packetflix));
	put_options(t, of_both, ARRAY_LEN(of_both));
	if (nif == NIF_MOBYSHARK)
		describe_value(t, DESCRIBE_NIF, "any", "all", true);
}

static void put_without_braces(struct text *t, const char *s)
{
	for (; *s; s++)
		text_put_bytes(t, *s == '{' ? "(" : *s == '}' ? ")" : s, 1);
}

void describe_value(struct text *t, unsigned int number, const char *value, const char *display,
	bool is_default)
{
	text_put(t, "value {arg=");
	text_put_u64(t, number);
	text_put(t, "}{value=");
	text_put(t, value);
	text_put(t, "}{display=");
	put_without_braces(t, display);
	text_put(t, is_default ? "}{default=true}\n" : "}{default=false}\n");
}
