/* SPDX-License-Identifier: MIT */
/* Where forwarded packets end up: a host with a bridge to a server and to a router, behind which
 * there is another server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "discover/detail/forward_path.h"

enum {
	HOST,
	WEB,
	ROUTER,
	BEHIND,
	N_STACKS
};

/* Interfaces by index - 1. */
enum {
	LO,
	BRIDGE, /* of the host; eth0 of the others */
	PORT2,  /* to the server; eth1 of the router */
	PORT3,  /* to the router */
	N_NIFS
};

struct world {
	struct netstack stack[N_STACKS];
	struct nif nif[N_STACKS][N_NIFS];
	struct addr addr[N_STACKS][4];
	struct route route[N_STACKS][4];
	struct relation port[2];
	struct relations relations;
	struct forward_path path;
};

static void parse(const char *text, uint8_t ret[16])
{
	memset(ret, 0, 16);
	assert_int_equal(inet_pton(AF_INET, text, ret), 1);
}

static void add_addr(struct world *w, int stack, int nif, const char *addr, uint8_t prefixlen)
{
	struct addr *a = &w->addr[stack][w->stack[stack].n_addrs++];

	*a = (struct addr){
		.ifindex = (uint32_t) nif + 1, .family = AF_INET, .prefixlen = prefixlen};
	parse(addr, a->bytes);
}

/* A route to the /24 of @dst, or to everything if it is "0.0.0.0"; @hop may be NULL. */
static void add_route(struct world *w, int stack, int nif, const char *dst, const char *hop)
{
	struct route *r = &w->route[stack][w->stack[stack].n_routes++];

	*r = (struct route){.family = AF_INET,
		.type = RTN_UNICAST,
		.table = RT_TABLE_MAIN,
		.ifindex = (uint32_t) nif + 1,
		.dst_prefixlen = strcmp(dst, "0.0.0.0") == 0 ? 0 : 24};
	parse(dst, r->dst);
	if (hop) {
		r->hop_family = AF_INET;
		parse(hop, r->hop);
	}
}

static void add_stacks(struct world *w)
{
	for (int s = 0; s < N_STACKS; s++) {
		w->stack[s] = (struct netstack){.inode = (uint64_t) s + 1,
			.nifs = w->nif[s],
			.n_nifs = N_NIFS,
			.addrs = w->addr[s],
			.routes = w->route[s]};
		for (int n = 0; n < N_NIFS; n++) {
			w->nif[s][n].stack = &w->stack[s];
			w->nif[s][n].d.link.ifindex = (uint32_t) n + 1;
		}
		w->nif[s][LO].d.link.flags = IFF_LOOPBACK;
		add_addr(w, s, LO, "127.0.0.1", 8);
	}
}

static void tie(struct nif *a, struct nif *b)
{
	a->peer = b;
	b->peer = a;
}

static int make(void **state)
{
	static struct world w;
	struct nif *host = w.nif[HOST];

	memset(&w, 0, sizeof(w));
	add_stacks(&w);
	strcpy(host[BRIDGE].d.link.kind, "bridge");
	for (int n = PORT2; n <= PORT3; n++) {
		host[n].master = &host[BRIDGE];
		w.port[n - PORT2] = (struct relation){&host[BRIDGE], &host[n]};
	}
	w.relations.slaves = (struct relation_list){.v = w.port, .n = 2};
	tie(&host[PORT2], &w.nif[WEB][BRIDGE]);
	tie(&host[PORT3], &w.nif[ROUTER][BRIDGE]);
	tie(&w.nif[ROUTER][PORT2], &w.nif[BEHIND][BRIDGE]);
	add_addr(&w, HOST, BRIDGE, "198.51.100.1", 24);
	add_addr(&w, WEB, BRIDGE, "198.51.100.2", 24);
	add_addr(&w, ROUTER, BRIDGE, "198.51.100.3", 24);
	add_addr(&w, ROUTER, PORT2, "203.0.113.1", 24);
	add_addr(&w, BEHIND, BRIDGE, "203.0.113.2", 24);
	add_route(&w, HOST, BRIDGE, "198.51.100.0", NULL);
	add_route(&w, HOST, BRIDGE, "203.0.113.0", "198.51.100.3");
	add_route(&w, ROUTER, PORT2, "203.0.113.0", NULL);
	add_route(&w, WEB, BRIDGE, "198.51.100.0", NULL);
	w.path.relations = &w.relations;
	*state = &w;
	return 0;
}

static void leads(struct world *w, int from, const char *addr, const struct netstack *to)
{
	uint8_t bytes[16];

	parse(addr, bytes);
	assert_ptr_equal(forward_path_find(&w->path, &w->stack[from], AF_INET, bytes), to);
}

static void own_addresses_lead_nowhere_else(void **state)
{
	struct world *w = *state;

	leads(w, HOST, "198.51.100.1", &w->stack[HOST]);
	leads(w, WEB, "127.0.0.11", &w->stack[WEB]);
}

static void a_bridge_leads_to_who_has_the_address(void **state)
{
	struct world *w = *state;

	leads(w, HOST, "198.51.100.2", &w->stack[WEB]);
	leads(w, WEB, "198.51.100.3", &w->stack[ROUTER]);
	leads(w, WEB, "198.51.100.1", &w->stack[HOST]);
	leads(w, HOST, "198.51.100.77", NULL);
}

static void routers_are_passed(void **state)
{
	struct world *w = *state;

	leads(w, HOST, "203.0.113.2", &w->stack[BEHIND]);
	leads(w, HOST, "203.0.113.3", NULL);
	leads(w, WEB, "203.0.113.2", NULL);
	leads(w, HOST, "192.0.2.1", NULL);
}

static void the_longest_route_wins(void **state)
{
	struct world *w = *state;

	add_route(w, HOST, BRIDGE, "0.0.0.0", "198.51.100.2");
	leads(w, HOST, "203.0.113.2", &w->stack[BEHIND]);
	w->route[HOST][1].type = RTN_UNREACHABLE;
	leads(w, HOST, "203.0.113.2", NULL);
}

static void packets_that_go_in_circles_are_lost(void **state)
{
	struct world *w = *state;

	add_route(w, HOST, BRIDGE, "192.0.2.0", "198.51.100.2");
	add_route(w, WEB, BRIDGE, "192.0.2.0", "198.51.100.1");
	leads(w, HOST, "192.0.2.1", NULL);
}

static void looking_ends_with_the_steps(void **state)
{
	struct world *w = *state;

	w->path.steps = FORWARD_PATH_STEPS;
	leads(w, HOST, "203.0.113.2", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(own_addresses_lead_nowhere_else, make),
		cmocka_unit_test_setup(a_bridge_leads_to_who_has_the_address, make),
		cmocka_unit_test_setup(routers_are_passed, make),
		cmocka_unit_test_setup(the_longest_route_wins, make),
		cmocka_unit_test_setup(packets_that_go_in_circles_are_lost, make),
		cmocka_unit_test_setup(looking_ends_with_the_steps, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
