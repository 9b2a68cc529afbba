/* SPDX-License-Identifier: MIT */
/* The formats of "csharg list", and rotated files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/own.h"
#include "csharg/cli/output.h"
#include "csharg/cli/rotate.h"

static const char *const lo_eth0[] = {"lo", "eth0"};
static const struct csharg_target nginx = {.name = "default/nginx",
	.type = "pod",
	.prefix = "",
	.node_name = "localhost",
	.cluster_context = "",
	.cluster_uid = "",
	.capture_service = ""};
static const struct csharg_target systemd = {.name = "systemd(1)",
	.type = "proc",
	.prefix = "",
	.node_name = "localhost",
	.cluster_context = "",
	.cluster_uid = "",
	.capture_service = ""};
static const struct csharg_target web10 = {.name = "web-10",
	.type = "docker",
	.prefix = "box",
	.node_name = "localhost",
	.netns = 4026532000,
	.pid = 7,
	.starttime = 9,
	.has_interfaces = true,
	.interfaces = lo_eth0,
	.n_interfaces = 2,
	.cluster_context = "",
	.cluster_uid = "",
	.capture_service = ""};
static const struct csharg_target web9 = {.name = "web-9",
	.type = "docker",
	.prefix = "",
	.node_name = "localhost",
	.cluster_context = "",
	.cluster_uid = "",
	.capture_service = ""};
static const struct csharg_target *const all[] = {&web10, &web9, &systemd, &nginx};

static char *print(const char *format, const char *sort_by, bool no_headers, struct err *e)
{
	const struct output_list list = {all, ARRAY_LEN(all), sort_by, no_headers};
	AUTO_OUTPUT struct output *o = NULL;
	AUTO_TEXT struct text out = {0};

	if (output_parse(format, false, &o, e) < 0 || output_put(o, &list, &out, e) < 0)
		return strdup("");
	return strndup(out.p ? out.p : "", out.len_bytes);
}

#define BY_NAME "{.Name}{'/'}{.NodeName}"

static void formats_are_as_they_have_always_been(void **state)
{
	static const struct {
		const char *format, *sort_by;
		bool no_headers;
		const char *out;
	} cases[] = {
		{NULL, BY_NAME, false,
			"TARGET          TYPE     NODE\n"
			"default/nginx   pod      localhost\n"
			"systemd(1)      proc     localhost\n"
			"web-9           docker   localhost\n"
			"box:web-10      docker   localhost\n"},
		{"", "", true,
			"box:web-10      docker   localhost\n"
			"web-9           docker   localhost\n"
			"systemd(1)      proc     localhost\n"
			"default/nginx   pod      localhost\n"},
		{"wide", "{.Type}{.Name}", false,
			"TARGET          TYPE     NODE        SERVICE\n"
			"web-9           docker   localhost   \n"
			"box:web-10      docker   localhost   \n"
			"default/nginx   pod      localhost   \n"
			"systemd(1)      proc     localhost   \n"},
		{"name", BY_NAME, false, "default/nginx\nsystemd(1)\nweb-9\nweb-10\n"},
		{"custom-columns=A:name,I:.NetworkInterfaces[*],C:{.cluster.uid}", "Name", false,
			"A               I         C\n"
			"default/nginx   <none>    <none>\n"
			"systemd(1)      <none>    <none>\n"
			"web-9           <none>    <none>\n"
			"web-10          lo,eth0   <none>\n"},
		{"custom-columns=I:NetworkInterfaces", "", true,
			"[lo eth0]\n<none>\n<none>\n<none>\n"},
		{"go-template={{range .}}{{.FullName}},{{end}}", BY_NAME, false,
			"default/nginx,systemd(1),web-9,box:web-10,"},
		{"custom-columns=P:.pid,X:{.nope}", ".Pid", true,
			"0    <none>\n0    <none>\n0    <none>\n7    <none>\n"},
		{"jsonpath={[*].name}", BY_NAME, false, "default/nginx systemd(1) web-9 web-10"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = ERR_NONE;
		AUTO_FREE char *out =
			print(cases[i].format, cases[i].sort_by, cases[i].no_headers, &e);

		assert_string_equal(e.text, "");
		assert_string_equal(out, cases[i].out);
	}
}

static void json_and_yaml_have_all_members(void **state)
{
	struct err e = ERR_NONE;
	AUTO_FREE char *json = print("json", BY_NAME, false, &e);
	AUTO_FREE char *yaml = print("yaml", BY_NAME, false, &e);

	(void) state;
	assert_int_equal(strncmp(json, "[\n    {\n        \"name\": \"default/nginx\",\n", 41), 0);
	assert_non_null(strstr(json, "\"network-interfaces\": [\n            \"lo\",\n"));
	assert_string_equal(json + strlen(json) - 4, "}\n]\n");
	assert_non_null(strstr(yaml,
		"\n- name: web-10\n  netns: 4026532000\n  network-interfaces:\n  - lo\n  - eth0\n"
		"  node-name: localhost\n  pid: 7\n  prefix: box\n  starttime: 9\n  type: "
		"docker\n"));
	assert_non_null(strstr(yaml, "  prefix: \"\"\n"));
}

static void wrong_formats_and_orders_are_errors(void **state)
{
	static const char *const wrong[][2] = {
		{"xml", BY_NAME},
		{"go-template={{.x}}", BY_NAME},
		{"go-template={{", BY_NAME},
		{"go-template", BY_NAME},
		{"go-template-file=/nonexistent", BY_NAME},
		{"jsonpath", BY_NAME},
		{"jsonpath={", BY_NAME},
		{"jsonpath={[0].nope}", BY_NAME},
		{"custom-columns=", BY_NAME},
		{"custom-columns=A", BY_NAME},
		{"custom-columns=A:b=c", BY_NAME},
		{"custom-columns=A:b,", BY_NAME},
		{"custom-columns-file=/nonexistent", BY_NAME},
		{"json", "{.Nope}"},
		{NULL, "{.Name"},
		{NULL, "nonsense"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = ERR_NONE;
		AUTO_FREE char *out = print(wrong[i][0], wrong[i][1], false, &e);

		assert_string_equal(out, "");
		assert_true(e.text[0]);
	}
}

static size_t put_block(uint8_t *p, uint32_t type, size_t len_bytes)
{
	memset(p, 0, len_bytes);
	put_le32(p, type);
	put_le32(p + 4, (uint32_t) len_bytes);
	put_le32(p + len_bytes - 4, (uint32_t) len_bytes);
	return len_bytes;
}

/* A header of 28 bytes, an interface of 20, and @n packets of 100. */
static size_t put_stream(uint8_t *p, size_t n)
{
	size_t at = put_block(p, 0x0a0d0d0a, 28);

	put_le32(p + 8, 0x1a2b3c4d);
	at += put_block(p + at, 1, 20);
	for (size_t i = 0; i < n; i++)
		at += put_block(p + at, 6, 100);
	return at;
}

/* Count the files in @dir and their bytes, and remove all of it. */
static size_t sweep(const char *dir, size_t *ret_bytes, size_t *ret_largest)
{
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	*ret_bytes = *ret_largest = 0;
	for (struct dirent *entry; (entry = readdir(d));) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(strncmp(entry->d_name, "web_000", 7), 0);
		assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
		assert_int_equal(unlinkat(dirfd(d), entry->d_name, 0), 0);
		*ret_bytes += (size_t) st.st_size;
		*ret_largest =
			(size_t) st.st_size > *ret_largest ? (size_t) st.st_size : *ret_largest;
		n++;
	}
	assert_int_equal(rmdir(dir), 0);
	return n;
}

static void check_rotation(const struct rotate_options *limits, size_t files, size_t bytes)
{
	char dir[] = "/tmp/csharg-XXXXXX", path[64];
	struct rotate_options options = *limits;
	uint8_t stream[28 + 20 + 1000];
	struct rotate *r = NULL;
	size_t there, there_bytes, largest;

	assert_non_null(mkdtemp(dir));
	(void) snprintf(path, sizeof(path), "%s/web.pcapng", dir);
	options.path = path;
	assert_int_equal(rotate_new(&options, 0, &r, NULL), 0);
	assert_int_equal(rotate_write(r, stream, put_stream(stream, 10), 0, NULL), 0);
	/* later packets come alone */
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rotate_write(r, stream, put_block(stream, 6, 100), 1000, NULL), 0);
	assert_int_equal(rotate_write(r, stream, 11, 1000, NULL), -EBADMSG);
	rotate_free(r);
	there = sweep(dir, &there_bytes, &largest);
	assert_int_equal(there, files);
	assert_int_equal(there_bytes, bytes);
	if (limits->max_bytes >= 148)
		assert_true(largest <= limits->max_bytes);
}

static void every_rotated_file_begins_with_the_head(void **state)
{
	(void) state;
	check_rotation(&(struct rotate_options){.max_bytes = 348}, 5, 5 * 48 + 1500);
	check_rotation(&(struct rotate_options){.max_bytes = 347}, 8, 8 * 48 + 1500);
	check_rotation(&(struct rotate_options){.max_bytes = 1}, 15, 15 * 48 + 1500);
	check_rotation(&(struct rotate_options){.max_ms = 1000}, 2, 2 * 48 + 1500);
	check_rotation(&(struct rotate_options){.max_bytes = 348, .files = 2}, 2, 2 * 48 + 600);
}

static void as_many_files_are_kept_as_the_limit_says(void **state)
{
	struct rotate_options options = {.path = "/nonexistent/x", .files = ROTATE_FILES_MAX + 1};
	struct rotate *r = NULL;

	(void) state;
	assert_int_equal(rotate_new(&options, 0, &r, NULL), -EINVAL);
	options.files--;
	assert_int_equal(rotate_new(&options, 0, &r, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_as_they_have_always_been),
		cmocka_unit_test(json_and_yaml_have_all_members),
		cmocka_unit_test(wrong_formats_and_orders_are_errors),
		cmocka_unit_test(every_rotated_file_begins_with_the_head),
		cmocka_unit_test(as_many_files_are_kept_as_the_limit_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
