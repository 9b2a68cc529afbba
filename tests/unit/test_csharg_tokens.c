/* SPDX-License-Identifier: MIT */
/* Which service a token is sent to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "csharg/csharg.h"
#include "csharg/lib/client.h"
#include "csharg/lib/tokens.h"

/* The token of @text for the service at @url, "" if there is none. Owned by the caller. */
static char *token_for(const char *text, const char *url)
{
	struct tokens_entry found = {NULL, 0};
	struct url u;

	assert_int_equal(url_parse(url, &u, NULL), 0);
	assert_int_equal(tokens_parse(text, &u, &found, NULL), 0);
	return found.token ? found.token : strdup("");
}

static void a_token_belongs_to_one_scheme_host_port_and_path(void **state)
{
	static const char text[] = "# comment\n\n"
				   "https://Capture.Example:5001/a\tone\n"
				   "  https://capture.example:5001 two\r\n"
				   "http://192.0.2.1:80 three\n"
				   "https://[2001:db8::1] four";
	static const struct {
		const char *url, *token;
	} cases[] = {
		{"https://capture.example:5001/a", "one"},
		{"https://capture.example:5001/a/b", "one"},
		{"https://capture.example:5001/ab", "two"},
		{"https://capture.example:5001", "two"},
		{"https://CAPTURE.EXAMPLE:5001/", "two"},
		{"http://capture.example:5001", ""},
		{"https://capture.example:5002", ""},
		{"https://capture.example", ""},
		{"https://capture.example.com:5001", ""},
		{"https://xcapture.example:5001", ""},
		{"http://192.0.2.1", "three"},
		{"https://192.0.2.1:80", ""},
		{"https://[2001:db8::1]:443", "four"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *token = token_for(text, cases[i].url);

		assert_string_equal(token, cases[i].token);
	}
}

static void a_wrong_line_is_refused_with_its_number(void **state)
{
	static const char *const bad[] = {"host token", "https://host", "https://host a b",
		"ftp://host a", "https://u:p@host a", "https://host:0 a"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct tokens_entry found = {NULL, 0};
		struct err e = ERR_NONE;
		char text[64];
		struct url u;

		assert_int_equal(url_parse("https://host", &u, NULL), 0);
		(void) snprintf(text, sizeof(text), "\n%s\n", bad[i]);
		assert_int_equal(tokens_parse(text, &u, &found, &e), -EINVAL);
		assert_memory_equal(e.text, "line 2: ", 8);
	}
}

struct place {
	char folder[32], path[64];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	(void) snprintf(p->folder, sizeof(p->folder), "/tmp/tokens-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	(void) snprintf(p->path, sizeof(p->path), "%s/tokens", p->folder);
	*state = p;
	(void) unsetenv("CSHARG_TOKEN");
	(void) unsetenv("CSHARG_HOST");
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	(void) unlink(p->path);
	(void) rmdir(p->folder);
	free(p);
	return 0;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	AUTO_FCLOSE FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fchmod(fileno(f), mode), 0);
}

/* A client of @url, and where its token comes from: "" without one; the error instead. */
static int source_of(const char *url, const struct csharg_client_options *o, char ret[128])
{
	struct csharg_client *c = NULL;
	int rc = csharg_client_new(url, o, &c, NULL);

	if (rc == 0)
		(void) snprintf(ret, 128, "%s", csharg_client_token_source(c));
	csharg_client_free(c);
	return rc;
}

static void the_tokens_file_must_be_private(void **state)
{
	struct place *p = *state;
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;
	char source[128], want[128];

	o.tokens_file = p->path;
	assert_int_equal(source_of("https://host", &o, source), 0);
	assert_string_equal(source, "");
	write_file(p->path, "\nhttps://host secret\n", 0640);
	assert_int_equal(source_of("https://host", &o, source), -EACCES);
	write_file(p->path, "\nhttps://host secret\n", 0600);
	assert_int_equal(source_of("https://host", &o, source), 0);
	(void) snprintf(want, sizeof(want), "%s:2", p->path);
	assert_string_equal(source, want);
	assert_int_equal(source_of("https://other", &o, source), 0);
	assert_string_equal(source, "");
	o.tokens_file = p->folder;
	assert_int_equal(source_of("https://host", &o, source), -EACCES);
}

static void the_token_of_the_environment_is_for_one_service(void **state)
{
	static const struct {
		const char *host, *url, *source;
	} cases[] = {
		{NULL, NULL, "CSHARG_TOKEN"},
		{NULL, "localhost:5001", "CSHARG_TOKEN"},
		{NULL, "localhost:5002", ""},
		{NULL, "https://localhost:5001", ""},
		{NULL, "https://evil.example", ""},
		{"https://capture.example", "https://capture.example:443/x", "CSHARG_TOKEN"},
		{"https://capture.example", NULL, "CSHARG_TOKEN"},
		{"https://capture.example", "http://capture.example", ""},
		{"https://capture.example", "https://evil.example", ""},
		{"https://capture.example", "localhost:5001", ""},
		{"no url?", "localhost:5001", ""},
	};
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;

	(void) state;
	o.tokens_file = "";
	assert_int_equal(setenv("CSHARG_TOKEN", "secret", 1), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char source[128];

		if (cases[i].host)
			assert_int_equal(setenv("CSHARG_HOST", cases[i].host, 1), 0);
		assert_int_equal(source_of(cases[i].url, &o, source), 0);
		assert_string_equal(source, cases[i].source);
	}
	assert_int_equal(setenv("CSHARG_HOST", "http://host", 1), 0);
	assert_int_equal(source_of(NULL, &o, (char[128]){""}), -EPERM);
	o.token = "";
	assert_int_equal(source_of(NULL, &o, (char[128]){""}), 0);
}

static void without_tls_a_secret_stays_on_this_machine(void **state)
{
	struct place *p = *state;
	static const char *const secret[] = {"Authorization: Bearer x", "cookie:x"};
	static const char *const harmless[] = {"X-Trace: 1"};
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;
	char source[128];

	o.tokens_file = p->path;
	assert_int_equal(source_of("u:p@host", &o, source), -EPERM);
	assert_int_equal(source_of("https://u:p@host", &o, source), 0);
	assert_string_equal(source, "URL");
	assert_int_equal(source_of("u:p@127.0.0.1", &o, source), 0);
	o.proxy = "http://proxy";
	assert_int_equal(source_of("u:p@127.0.0.1", &o, source), -EPERM);
	o.proxy = NULL;
	o.headers = harmless;
	o.n_headers = 1;
	assert_int_equal(source_of("host", &o, source), 0);
	for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
		o.headers = secret + i;
		assert_int_equal(source_of("host", &o, source), -EPERM);
		assert_int_equal(source_of("localhost", &o, source), 0);
	}
	o.n_headers = 0;
	write_file(p->path, "http://host secret\n", 0600);
	assert_int_equal(source_of("host", &o, source), 0);
	assert_int_equal(source_of("https://host", &o, source), 0);
	assert_string_equal(source, "");
}

static void headers_are_what_was_given_and_bounded(void **state)
{
	static const char *const bad[] = {
		"X", ": x", "X Y: 1", "X: a\r\nY: b", "Host: h", "connection: close", "Upgrade: x"};
	const char *many[CREDENTIALS_HEADERS_MAX + 1];
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;
	struct csharg_client *c = NULL;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = "X-A: 1";
	o.headers = many;
	o.n_headers = ARRAY_LEN(many);
	assert_int_equal(csharg_client_new("https://host", &o, &c, NULL), -EINVAL);
	o.n_headers--;
	o.token = "t";
	assert_int_equal(csharg_client_new("https://host", &o, &c, NULL), 0);
	assert_int_equal(c->credentials.n, CREDENTIALS_HEADERS_MAX + 1);
	assert_string_equal(c->credentials.header[0], "Authorization: Bearer t");
	assert_string_equal(c->credentials.header[1], "X-A: 1");
	csharg_client_free(c);
	c = NULL;
	assert_int_equal(csharg_client_new("https://u@host", &o, &c, NULL), -EINVAL);
	o.token = "";
	assert_int_equal(
		csharg_client_new("https://Aladdin:open sesame@host", &o, &c, NULL), -EINVAL);
	assert_int_equal(csharg_client_new("https://Aladdin:opensesame@host", &o, &c, NULL), 0);
	assert_string_equal(
		c->credentials.header[0], "Authorization: Basic QWxhZGRpbjpvcGVuc2VzYW1l");
	csharg_client_free(c);
	c = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		o.headers = bad + i;
		o.n_headers = 1;
		assert_int_equal(csharg_client_new("https://host", &o, &c, NULL), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_belongs_to_one_scheme_host_port_and_path),
		cmocka_unit_test(a_wrong_line_is_refused_with_its_number),
		cmocka_unit_test_setup_teardown(the_tokens_file_must_be_private, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_token_of_the_environment_is_for_one_service, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_tls_a_secret_stays_on_this_machine, setup, teardown),
		cmocka_unit_test(headers_are_what_was_given_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
