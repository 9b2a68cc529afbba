/* SPDX-License-Identifier: MIT */
/* Sockets, rules and proxies: from what the kernel and others write to what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "discover/detail/docker_proxy.h"
#include "discover/detail/forwards.h"
#include "discover/detail/services.h"
#include "discover/detail/sockets.h"
#include "discover/detail/sockstat.h"
#include "support/nft_build.h"

static void services_are_known_by_port_and_protocol(void **state)
{
	(void) state;
	assert_string_equal(service_name(IPPROTO_TCP, 80), "http");
	assert_string_equal(service_name(IPPROTO_UDP, 80), "");
	assert_string_equal(service_name(IPPROTO_TCP, 8080), "http-alt");
	assert_string_equal(service_name(IPPROTO_UDP, 53), "domain");
	assert_string_equal(service_name(IPPROTO_SCTP, 5672), "amqp");
	assert_string_equal(service_name(IPPROTO_TCP, 0), "");
	assert_string_equal(service_name(IPPROTO_TCP, 65535), "");
	assert_string_equal(service_name(IPPROTO_ICMP, 80), "");
}

static void sockets_are_counted_by_what_the_kernel_says(void **state)
{
	struct sockstat s = {0};

	(void) state;
	sockstat_parse("sockets: used 16\nTCP: inuse 3 orphan 0 tw 2 alloc 9 mem 89\n"
		       "UDP: inuse 4 mem 0\nUDPLITE: inuse 5\nRAW: inuse 6\n",
		&s);
	sockstat_parse("TCP6: inuse 10\nUDP6: inuse 7\nUDPLITE6: inuse 1\nFRAG6: inuse 0\n", &s);
	assert_int_equal(s.tcp, 13);
	assert_int_equal(s.tcp_waits, 2);
	assert_int_equal(s.udp4, 4);
	assert_int_equal(s.udp6, 7);
}

static void a_count_of_another_line_is_not_taken(void **state)
{
	struct sockstat s = {0};

	(void) state;
	sockstat_parse("TCP: inuse\nUDP: inuse 4", &s);
	assert_int_equal(s.tcp, 0);
	assert_int_equal(s.udp4, 4);
	sockstat_parse("TCP: inuse 99999999999999999999999999", &s);
	assert_true(s.tcp > 0);
	sockstat_parse("", &s);
}

static void sockets_are_found_by_local_end(void **state)
{
	struct socket_entry v[] = {
		{.s = {.family = AF_INET, .local_port = 80}, .protocol = IPPROTO_TCP},
		{.s = {.family = AF_INET, .local_port = 80, .remote_port = 5},
			.protocol = IPPROTO_TCP},
		{.s = {.family = AF_INET6, .local_port = 80}, .protocol = IPPROTO_TCP},
		{.s = {.family = AF_INET, .local_port = 80}, .protocol = IPPROTO_UDP},
	};
	struct socket_list l = {.v = v, .n = ARRAY_LEN(v)};
	struct socket_entry like = v[0];
	const struct socket_entry *at;

	(void) state;
	assert_int_equal(sockets_find(&l, &like, &at), 2);
	assert_ptr_equal(at, v);
	like.protocol = IPPROTO_UDP;
	assert_int_equal(sockets_find(&l, &like, &at), 1);
	assert_ptr_equal(at, v + 3);
	like.s.local_port = 81;
	assert_int_equal(sockets_find(&l, &like, &at), 0);
}

/* "PROTO IP:PORT > IP:PORT" of all forwards, a line each. */
static const char *text_of(struct forward_list *l)
{
	static char all[4096];
	size_t n = 0;

	forwards_sort(l);
	all[0] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		const struct forward *f = &l->v[i];
		char ip[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

		(void) inet_ntop(f->family, f->ip, ip, sizeof(ip));
		(void) inet_ntop(f->to_family, f->to, to, sizeof(to));
		n += (size_t) snprintf(all + n, sizeof(all) - n, "%u %s %u > %s %u\n", f->protocol,
			ip, f->port, to, f->to_port);
	}
	forwards_done(l);
	return all;
}

static const char *forwards_of(const struct nft_build *b)
{
	struct forward_list l = {0};

	assert_int_equal(forwards_add_rules(&l, b->p, b->len_bytes), 0);
	return text_of(&l);
}

static const uint8_t tcp = IPPROTO_TCP, udp = IPPROTO_UDP;

static void put_port(struct nft_build *b, uint16_t port)
{
	uint16_t be = htons(port);

	nft_payload(b, 1, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	nft_cmp(b, 1, NFT_CMP_EQ, &be, sizeof(be));
}

static void put_addr(struct nft_build *b, const char *addr, uint32_t op)
{
	uint8_t a[4];

	assert_int_equal(inet_pton(AF_INET, addr, a), 1);
	nft_payload(b, 1, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
	nft_cmp(b, 1, op, a, sizeof(a));
}

static void put_protocol(struct nft_build *b, uint8_t protocol)
{
	nft_payload(b, 1, NFT_PAYLOAD_NETWORK_HEADER, 9, 1);
	nft_cmp(b, 1, NFT_CMP_EQ, &protocol, 1);
}

/* The target of iptables. */
static void put_xt_dnat(struct nft_build *b, const char *addr, uint16_t port)
{
	struct nf_nat_range2 r = {.flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED};

	assert_int_equal(inet_pton(AF_INET, addr, &r.min_addr.ip), 1);
	r.max_addr = r.min_addr;
	r.min_proto.all = r.max_proto.all = htons(port);
	nft_target(b, "DNAT", 2, &r, sizeof(r));
}

static void put_native_dnat(struct nft_build *b, const char *addr, uint16_t port)
{
	uint16_t be = htons(port);
	uint8_t a[4];

	assert_int_equal(inet_pton(AF_INET, addr, a), 1);
	nft_immediate(b, 1, a, sizeof(a));
	nft_immediate(b, 2, &be, sizeof(be));
	nft_dnat(b, 1, 2);
}

static void docker_rules_are_understood(void **state)
{
	struct nft_build b = {.len_bytes = 0};

	(void) state;
	nft_rule_begin(&b, AF_INET, "DOCKER");
	put_protocol(&b, tcp);
	put_port(&b, 8080);
	put_xt_dnat(&b, "203.0.113.2", 80);
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "DOCKER_OUTPUT");
	put_addr(&b, "127.0.0.11", NFT_CMP_EQ);
	put_protocol(&b, udp);
	put_port(&b, 53);
	put_xt_dnat(&b, "127.0.0.11", 45123);
	nft_rule_end(&b);
	assert_string_equal(forwards_of(&b), "6 0.0.0.0 8080 > 203.0.113.2 80\n"
					     "17 127.0.0.11 53 > 127.0.0.11 45123\n");
}

static void native_rules_are_understood(void **state)
{
	struct nft_build b = {.len_bytes = 0};
	uint16_t from = htons(5000), to = htons(5010);

	(void) state;
	nft_rule_begin(&b, AF_INET, "prerouting");
	nft_meta_l4proto(&b, 1);
	nft_cmp(&b, 1, NFT_CMP_EQ, &udp, 1);
	nft_payload(&b, 1, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	nft_range(&b, 1, &from, &to, 2);
	put_native_dnat(&b, "203.0.113.2", 6000);
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "prerouting");
	put_protocol(&b, tcp);
	nft_payload(&b, 1, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	nft_cmp(&b, 1, NFT_CMP_GTE, &from, 2);
	nft_cmp(&b, 1, NFT_CMP_LTE, &to, 2);
	put_native_dnat(&b, "203.0.113.3", 6000);
	nft_rule_end(&b);
	assert_string_equal(forwards_of(&b), "6 0.0.0.0 5000 > 203.0.113.3 6000\n"
					     "17 0.0.0.0 5000 > 203.0.113.2 6000\n");
}

static void ipv6_rules_are_understood(void **state)
{
	struct nft_build b = {.len_bytes = 0};
	uint16_t be = htons(80);
	uint8_t addr[16];

	(void) state;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", addr), 1);
	nft_rule_begin(&b, AF_INET6, "x");
	nft_payload(&b, 1, NFT_PAYLOAD_NETWORK_HEADER, 24, 16);
	nft_cmp(&b, 1, NFT_CMP_EQ, addr, 16);
	nft_payload(&b, 1, NFT_PAYLOAD_NETWORK_HEADER, 6, 1);
	nft_cmp(&b, 1, NFT_CMP_EQ, &tcp, 1);
	put_port(&b, 80);
	addr[15] = 2;
	nft_immediate(&b, 1, addr, 16);
	nft_immediate(&b, 2, &be, 2);
	nft_dnat(&b, 1, 2);
	nft_rule_end(&b);
	assert_string_equal(forwards_of(&b), "6 2001:db8::1 80 > 2001:db8::2 80\n");
}

static void matches_and_targets_of_iptables_are_understood(void **state)
{
	struct xt_tcp match = {.spts = {0, 65535}, .dpts = {80, 90}};
	struct xt_sctp_info sctp = {.dpts = {81, 81}, .flags = XT_SCTP_DEST_PORTS};
	struct nf_nat_ipv4_multi_range_compat old = {.rangesize = 1,
		.range = {{.flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED,
			.min_ip = htonl(0xcb007105), /* 203.0.113.5 */
			.min.all = htons(8000)}}};
	struct nft_build b = {.len_bytes = 0};

	(void) state;
	nft_rule_begin(&b, AF_INET, "PREROUTING");
	nft_match(&b, "tcp", &match, sizeof(match));
	nft_target(&b, "DNAT", 0, &old, sizeof(old));
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "PREROUTING");
	nft_match(&b, "sctp", &sctp, sizeof(sctp));
	put_xt_dnat(&b, "203.0.113.6", 81);
	nft_rule_end(&b);
	assert_string_equal(forwards_of(&b), "6 0.0.0.0 80 > 203.0.113.5 8000\n"
					     "132 0.0.0.0 81 > 203.0.113.6 81\n");
}

static void rules_that_say_less_forward_nothing(void **state)
{
	struct xt_udp inverted = {.dpts = {80, 80}, .invflags = XT_UDP_INV_DSTPT};
	struct nft_build b = {.len_bytes = 0};

	(void) state;
	nft_rule_begin(&b, AF_INET, "no_port");
	put_protocol(&b, tcp);
	put_native_dnat(&b, "203.0.113.2", 80);
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "no_protocol");
	put_port(&b, 80);
	put_native_dnat(&b, "203.0.113.2", 80);
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "inverted");
	nft_match(&b, "udp", &inverted, sizeof(inverted));
	put_xt_dnat(&b, "203.0.113.2", 80);
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "no_dnat");
	put_protocol(&b, tcp);
	put_port(&b, 80);
	nft_rule_end(&b);
	nft_rule_begin(&b, AF_INET, "cut_off");
	nft_match(&b, "tcp", &inverted, 4);
	nft_target(&b, "DNAT", 2, &inverted, 4);
	nft_rule_end(&b);
	assert_string_equal(forwards_of(&b), "");
}

static void an_address_that_is_excluded_is_no_address(void **state)
{
	struct nft_build b = {.len_bytes = 0};

	(void) state;
	nft_rule_begin(&b, AF_INET, "DOCKER");
	put_addr(&b, "127.0.0.1", NFT_CMP_NEQ);
	put_protocol(&b, tcp);
	put_port(&b, 80);
	put_xt_dnat(&b, "203.0.113.2", 80);
	nft_rule_end(&b);
	assert_string_equal(forwards_of(&b), "6 0.0.0.0 80 > 203.0.113.2 80\n");
}

static void put_service(struct nft_build *b, const char *chain)
{
	nft_rule_begin(b, AF_INET, "KUBE-SERVICES");
	put_addr(b, "198.51.100.10", NFT_CMP_EQ);
	put_protocol(b, tcp);
	put_port(b, 443);
	nft_jump(b, chain);
	nft_rule_end(b);
}

static void put_jump(struct nft_build *b, const char *chain, const char *to)
{
	nft_rule_begin(b, AF_INET, chain);
	nft_jump(b, to);
	nft_rule_end(b);
}

static void put_endpoint(struct nft_build *b, const char *chain, const char *addr)
{
	nft_rule_begin(b, AF_INET, chain);
	put_protocol(b, tcp);
	put_xt_dnat(b, addr, 8443);
	nft_rule_end(b);
}

static void services_of_kube_proxy_lead_to_their_end_points(void **state)
{
	struct nft_build b = {.len_bytes = 0};

	(void) state;
	put_service(&b, "KUBE-SVC-A");
	put_jump(&b, "KUBE-SVC-A", "KUBE-MARK-MASQ");
	put_jump(&b, "KUBE-SVC-A", "KUBE-SEP-1");
	put_jump(&b, "KUBE-SVC-A", "KUBE-SEP-2");
	put_endpoint(&b, "KUBE-SEP-2", "203.0.113.2");
	put_endpoint(&b, "KUBE-SEP-1", "203.0.113.1");
	put_endpoint(&b, "KUBE-SEP-3", "203.0.113.3");
	assert_string_equal(forwards_of(&b), "6 198.51.100.10 443 > 203.0.113.1 8443\n"
					     "6 198.51.100.10 443 > 203.0.113.2 8443\n");
}

static void following_chains_ends(void **state)
{
	static struct nft_build b;
	struct forward_list l = {0};

	(void) state;
	b.len_bytes = 0;
	for (int i = 0; i < 40; i++) {
		put_service(&b, "KUBE-SVC-A");
		put_jump(&b, "KUBE-SVC-A", "KUBE-SEP-A");
		put_endpoint(&b, "KUBE-SEP-A", "203.0.113.1");
	}
	/* 40 services x 40 jumps x 40 end points are more than anybody wants */
	assert_int_equal(forwards_add_rules(&l, b.p, b.len_bytes), 0);
	assert_int_equal(l.n, FORWARDS_MAX);
	assert_string_equal(text_of(&l), "6 198.51.100.10 443 > 203.0.113.1 8443\n");
}

static void rules_in_front_of_a_malformed_one_count(void **state)
{
	struct nft_build b = {.len_bytes = 0};

	(void) state;
	nft_rule_begin(&b, AF_INET, "x");
	put_protocol(&b, tcp);
	put_port(&b, 80);
	put_native_dnat(&b, "203.0.113.2", 80);
	nft_rule_end(&b);
	memset(b.p + b.len_bytes, 0xff, 64);
	b.len_bytes += 64;
	assert_string_equal(forwards_of(&b), "6 0.0.0.0 80 > 203.0.113.2 80\n");
}

static int parse_proxy(const char *words, struct forward *ret)
{
	char s[512];
	size_t n = strlen(words) + 1;

	memcpy(s, words, n);
	for (size_t i = 0; i < n; i++)
		s[i] = (char) (s[i] == ' ' ? '\0' : s[i]);
	return docker_proxy_parse(s, n, ret);
}

static void arguments_of_docker_proxies_are_understood(void **state)
{
	struct forward_list l = {0};
	struct forward f;

	(void) state;
	assert_int_equal(
		parse_proxy("/usr/sbin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port "
			    "8080 -container-ip 203.0.113.2 -container-port 80",
			&f),
		0);
	assert_int_equal(forwards_add_proxy(&l, &f), 0);
	/* the same once more, leading elsewhere */
	f.to_port = 81;
	assert_int_equal(forwards_add_proxy(&l, &f), 0);
	assert_int_equal(parse_proxy("x --proto=sctp -host-ip=:: -host-port=1 "
				     "-container-ip=203.0.113.2 -container-port=2 -use-listen-fd",
				 &f),
		0);
	assert_int_equal(forwards_add_proxy(&l, &f), 0);
	assert_string_equal(text_of(&l), "6 0.0.0.0 8080 > 203.0.113.2 80\n"
					 "132 :: 1 > 203.0.113.2 2\n");
}

static void other_arguments_are_no_docker_proxy(void **state)
{
	static const char *const wrong[] = {"",
		"x -proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 203.0.113.2",
		"x -proto icmp -host-ip 0.0.0.0 -host-port 8 -container-ip 203.0.113.2 "
		"-container-port 1",
		"x -proto tcp -host-ip 0.0.0 -host-port 8 -container-ip 203.0.113.2 "
		"-container-port 1",
		"x -proto tcp -host-ip 0.0.0.0 -host-port 0 -container-ip 203.0.113.2 "
		"-container-port 1",
		"x -proto tcp -host-ip 0.0.0.0 -host-port 8 -container-ip 203.0.113.2 "
		"-container-port",
		"x -proto tcp -host-ip 0.0.0.0 -host-port 65536 -container-ip 203.0.113.2 "
		"-container-port 1"};
	struct forward f;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(parse_proxy(wrong[i], &f), -EINVAL);
	assert_int_equal(docker_proxy_parse("-proto", 6, &f), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_known_by_port_and_protocol),
		cmocka_unit_test(sockets_are_counted_by_what_the_kernel_says),
		cmocka_unit_test(a_count_of_another_line_is_not_taken),
		cmocka_unit_test(sockets_are_found_by_local_end),
		cmocka_unit_test(docker_rules_are_understood),
		cmocka_unit_test(native_rules_are_understood),
		cmocka_unit_test(ipv6_rules_are_understood),
		cmocka_unit_test(matches_and_targets_of_iptables_are_understood),
		cmocka_unit_test(rules_that_say_less_forward_nothing),
		cmocka_unit_test(an_address_that_is_excluded_is_no_address),
		cmocka_unit_test(services_of_kube_proxy_lead_to_their_end_points),
		cmocka_unit_test(following_chains_ends),
		cmocka_unit_test(rules_in_front_of_a_malformed_one_count),
		cmocka_unit_test(arguments_of_docker_proxies_are_understood),
		cmocka_unit_test(other_arguments_are_no_docker_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
