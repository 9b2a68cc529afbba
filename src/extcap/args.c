/* SPDX-License-Identifier: MIT */
#include "extcap/args.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

#define TIMEOUT_S     30
#define TIMEOUT_S_MAX 86400

enum kind {
	KIND_STRING,
	KIND_BOOL,
	KIND_SECONDS
};

struct flag {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define STRING(name, member)                                                                       \
	{                                                                                          \
		name, KIND_STRING, offsetof(struct args, member)                                   \
	}
#define BOOL(name, member)                                                                         \
	{                                                                                          \
		name, KIND_BOOL, offsetof(struct args, member)                                     \
	}

static const struct flag flags[] = {
	BOOL("extcap-interfaces", interfaces),
	BOOL("extcap-dlts", dlts),
	BOOL("extcap-config", config),
	BOOL("capture", capture),
	BOOL("check", check),
	BOOL("version", version),
	BOOL("help", help),
	STRING("extcap-interface", interface),
	STRING("extcap-version", wireshark_version),
	STRING("extcap-reload-option", reload_option),
	STRING("extcap-capture-filter", capture_filter),
	STRING("fifo", fifo),
	STRING("container", container),
	STRING("nif", nif),
	BOOL("noprom", noprom),
	STRING("dockerhosturl", dockerhosturl),
	STRING("url", url),
	BOOL("insecure", insecure),
	STRING("token", token),
	BOOL("plaintoken", plaintoken),
	BOOL("showpods", showpods),
	BOOL("showcontainers", showcontainers),
	BOOL("showprocs", showprocs),
	BOOL("showemptynetns", showemptynetns),
	BOOL("proxyoff", proxyoff),
	STRING("httpproxy", httpproxy),
	STRING("httpsproxy", httpsproxy),
	STRING("noproxy", noproxy),
	BOOL("debug", debug),
	STRING("debug-file", debug_file),
	{"timeout", KIND_SECONDS, offsetof(struct args, timeout_s)},
};

const char *args_help(void)
{
	return "usage: cshargextcap ACTION [FLAG...]\n\n"
	       "Wireshark starts this plugin; only --check is meant for people.\n\n"
	       "Actions:\n"
	       "  --check                   tell what keeps Wireshark from capturing\n"
	       "  --extcap-interfaces       list the interfaces mobyshark and packetflix\n"
	       "  --extcap-dlts             list link types of --extcap-interface\n"
	       "  --extcap-config           list options of --extcap-interface\n"
	       "  --capture                 capture from --extcap-interface into --fifo\n"
	       "  --version, --help\n\n"
	       "Flags:\n"
	       "  --extcap-interface NAME   mobyshark or packetflix\n"
	       "  --extcap-version VERSION  of Wireshark, ignored\n"
	       "  --extcap-reload-option NAME   list values of the option container or nif\n"
	       "  --extcap-capture-filter FILTER   capture filter (pcap-filter(7))\n"
	       "  --fifo PATH               pipe to write packets to\n"
	       "  --dockerhosturl URL       capture service of mobyshark; also checked by --check\n"
	       "  --container JSON          target, URL-escaped\n"
	       "  --nif NAMES               interfaces, joined by '/', or any\n"
	       "  --url URL                 packetflix: link of packetflix\n"
	       "  --insecure                take any TLS certificate\n"
	       "  --token TOKEN             token for the service of --dockerhosturl or --url\n"
	       "  --plaintoken              send a token also without TLS to another host\n"
	       "  --noprom                  do not put interfaces into promiscuous mode\n"
	       "  --showpods, --showcontainers, --showprocs, --showemptynetns\n"
	       "                            what to list\n"
	       "  --proxyoff                use no proxy\n"
	       "  --httpproxy URL, --httpsproxy URL, --noproxy HOSTS\n"
	       "                            proxies instead of those of the environment\n"
	       "  --timeout SECONDS         for lists and for connecting (default 30, 0 = none)\n"
	       "  --debug                   tell more on stderr\n"
	       "  --debug-file PATH         append it to a file instead\n\n"
	       "Environment: CSHARG_TOKEN holds the token of the service of CSHARG_HOST; "
	       "CSHARK_LOG "
	       "is as\n--debug-file. Tokens of other services: ~/.config/packetflix/tokens.\n";
}

static const struct flag *find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
			return &flags[i];
	return NULL;
}

static int parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"true", "1", "t", "T", "TRUE", "True"};
	static const char *const no[] = {"false", "0", "f", "F", "FALSE", "False"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*ret = strcmp(s, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_seconds(const char *s, uint32_t *ret)
{
	char *end;
	unsigned long v;

	if (!isdigit((unsigned char) *s))
		return -EINVAL;
	v = strtoul(s, &end, 10);
	if (*end || v > TIMEOUT_S_MAX)
		return -EINVAL;
	*ret = (uint32_t) v;
	return 0;
}

static int set(struct args *a, const struct flag *f, const char *value, struct err *e)
{
	char *field = (char *) a + f->offset;
	int rc = 0;

	switch (f->kind) {
	case KIND_STRING:
		*(const char **) (void *) field = value;
		break;
	case KIND_BOOL:
		rc = parse_bool(value, (bool *) field);
		break;
	case KIND_SECONDS:
		rc = parse_seconds(value, (uint32_t *) (void *) field);
		break;
	}
	if (rc < 0)
		return err_set(
			e, rc, "invalid argument \"%.200s\" for \"--%s\" flag", value, f->name);
	return 0;
}

static bool is_word_of_wireshark(const char *s)
{
	return s && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0);
}

/* Take the flag at *@p and, if it is a word of its own, its value. */
static int take(char *const **p, struct args *a, struct err *e)
{
	const char *name = **p + 2, *next = (*p)[1];
	size_t len = strcspn(name, "=");
	const struct flag *f = find(name, len);

	if (!f)
		return err_set(
			e, -EINVAL, "unknown flag: --%.*s", (int) (len < 200 ? len : 200), name);
	if (name[len] == '=')
		return set(a, f, name + len + 1, e);
	if (f->kind == KIND_BOOL && !is_word_of_wireshark(next))
		return set(a, f, "true", e);
	if (!next)
		return err_set(e, -EINVAL, "flag needs an argument: --%s", f->name);
	++*p;
	return set(a, f, next, e);
}

static struct args defaults(void)
{
	struct args a = {.timeout_s = TIMEOUT_S};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].kind == KIND_STRING)
			*(const char **) (void *) ((char *) &a + flags[i].offset) = "";
	return a;
}

int args_parse(int argc, char *const argv[], struct args *ret, struct err *e)
{
	struct args a = defaults();
	char *const *p = argv + (argc > 0 ? 1 : 0);

	for (; p < argv + argc && *p; p++) {
		int rc;

		if (strcmp(*p, "-h") == 0) {
			a.help = true;
			continue;
		}
		if (strncmp(*p, "--", 2) != 0 || !(*p)[2])
			return err_set(e, -EINVAL, "unknown argument \"%.200s\"", *p);
		rc = take(&p, &a, e);
		if (rc < 0)
			return rc;
	}
	*ret = a;
	return 0;
}

int args_hide_token(int argc, char *argv[], char **ret)
{
	static const char flag[] = "--token";
	size_t n = sizeof(flag) - 1;
	char *token = NULL;

	for (int i = 1; i < argc; i++) {
		char *value;

		if (strncmp(argv[i], flag, n) != 0 || (argv[i][n] && argv[i][n] != '='))
			continue;
		value = argv[i][n] ? argv[i] + n + 1 : argv[i + 1];
		if (!value)
			break;
		free(token);
		token = strdup(value);
		if (!token)
			return -ENOMEM;
		memset(value, '*', strlen(value));
		i += argv[i][n] ? 0 : 1;
	}
	*ret = token;
	return 0;
}

int args_action(const struct args *a, enum action *ret, struct err *e)
{
	const struct {
		bool wanted;
		enum action action;
	} choices[] = {{a->interfaces, ACTION_INTERFACES}, {a->dlts, ACTION_DLTS},
		{a->config, ACTION_CONFIG}, {a->capture, ACTION_CAPTURE}, {a->check, ACTION_CHECK}};
	enum action action = a->help ? ACTION_HELP : a->version ? ACTION_VERSION : ACTION_NONE;

	for (size_t i = 0; action == ACTION_NONE && i < ARRAY_LEN(choices); i++)
		if (choices[i].wanted)
			action = choices[i].action;
	for (size_t i = 0; action != ACTION_HELP && i < ARRAY_LEN(choices); i++)
		if (choices[i].wanted && choices[i].action != action && action != ACTION_VERSION)
			return err_set(e, -EINVAL,
				"only one of --extcap-interfaces, --extcap-dlts, --extcap-config, "
				"--capture and --check can be asked for");
	*ret = action;
	return 0;
}
