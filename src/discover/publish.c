/* SPDX-License-Identifier: MIT */
#include "discover/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/own.h"
#include "proto/broker.h"

static int write_all(int fd, const void *p, size_t len_bytes)
{
	const char *s = p;

	while (len_bytes > 0) {
		ssize_t n = write(fd, s, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s += n;
		len_bytes -= (size_t) n;
	}
	return 0;
}

/* A memfd with these bytes that nobody can change any more, us included. */
static int sealed_memfd(const char *name, const void *p, size_t len_bytes)
{
	AUTO_CLOSE int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, p, len_bytes);
	if (rc < 0)
		return rc;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int make_json(const struct mobyshark *m)
{
	struct text t = {0};
	int fd;

	mobyshark_put(&t, m);
	if (t.failed)
		fd = -ENOMEM;
	else if (t.len_bytes > CATALOG_BYTES_MAX)
		fd = -EFBIG; /* the service would not take it, nor anything that comes with it */
	else
		fd = sealed_memfd("mobyshark", t.p, t.len_bytes);
	text_done(&t);
	return fd;
}

int publication_make(
	struct publication *p, const struct mobyshark *m, uint64_t scan_ns, bool is_quiet)
{
	AUTO_CLOSE int json = make_json(m);
	AUTO_CLOSE int table_fd = -1;
	AUTO_FREE uint8_t *table = NULL;
	ssize_t n;

	if (json < 0)
		return json;
	n = catalog_encode(m->catalog, &table);
	table_fd = n < 0 ? (int) n : sealed_memfd("catalog", table, (size_t) n);
	if (table_fd < 0)
		return table_fd;
	if (!is_quiet || !p->table || p->table_len_bytes != (size_t) n ||
		memcmp(p->table, table, (size_t) n) != 0)
		p->generation++;
	close_p(&p->json_fd);
	close_p(&p->table_fd);
	free(p->table);
	p->json_fd = TAKE_FD(json);
	p->table_fd = TAKE_FD(table_fd);
	p->table = TAKE_PTR(table);
	p->table_len_bytes = (size_t) n;
	p->scan_ns = scan_ns;
	return 0;
}

int publication_add(struct publication *p, size_t bit, const struct text *document)
{
	int fd;

	if (document->len_bytes > CATALOG_BYTES_MAX)
		return -EFBIG;
	fd = sealed_memfd("json", document->p, document->len_bytes);
	if (fd < 0)
		return fd;
	close_p(&p->document_fds[bit]);
	p->document_fds[bit] = fd;
	return 0;
}

static void drop_documents(struct publication *p)
{
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++) {
		close_p(&p->document_fds[i]);
		p->document_fds[i] = -1;
	}
}

int publication_send(struct publication *p, int channel, uint32_t refresh_id)
{
	int fds[2 + MSG_DOCUMENT_BITS] = {p->json_fd, p->table_fd};
	struct msg m = {.op = MSG_CATALOG, .id = refresh_id};
	size_t n = 2;
	int rc;

	m.u.catalog.generation = p->generation;
	m.u.catalog.scan_ns = p->scan_ns;
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++) {
		if (p->document_fds[i] < 0)
			continue;
		fds[n++] = p->document_fds[i];
		m.u.catalog.documents |= (uint8_t) (1U << i);
	}
	rc = msg_send(channel, &m, fds, n);
	if (rc == 0)
		drop_documents(p);
	return rc;
}

void publication_done(struct publication *p)
{
	close_p(&p->json_fd);
	close_p(&p->table_fd);
	p->json_fd = p->table_fd = -1;
	free(TAKE_PTR(p->table));
	drop_documents(p);
}
