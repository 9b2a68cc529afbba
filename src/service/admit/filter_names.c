/* SPDX-License-Identifier: MIT */
#include "service/admit/filter_names.h"

#include <string.h>

#include "base/own.h"

struct number {
	const char *name;
	uint16_t value;
};

static const char *const keywords[] = {"aarp", "action", "addr1", "addr2", "addr3", "addr4",
	"address1", "address2", "address3", "address4", "ah", "and", "arp", "atalk", "bcc",
	"broadcast", "byte", "carp", "clnp", "connectmsg", "csnp", "decnet", "dir", "direction",
	"dpc", "dst", "es-is", "esis", "esp", "ether", "fddi", "fisu", "gateway", "geneve",
	"greater", "hdpc", "hfisu", "hlssu", "hmsu", "hopc", "host", "hsio", "hsls", "icmp",
	"icmp-echo", "icmp-echoreply", "icmp-ireq", "icmp-ireqreply", "icmp-maskreply",
	"icmp-maskreq", "icmp-paramprob", "icmp-redirect", "icmp-routeradvert",
	"icmp-routersolicit", "icmp-sourcequench", "icmp-timxceed", "icmp-tstamp",
	"icmp-tstampreply", "icmp-unreach", "icmp6", "icmp6-certpathadvert",
	"icmp6-certpathsolicit", "icmp6-destinationunreach", "icmp6-echo", "icmp6-echoreply",
	"icmp6-homeagentdiscoveryreply", "icmp6-homeagentdiscoveryrequest",
	"icmp6-ineighbordiscoveryadvert", "icmp6-ineighbordiscoverysolicit",
	"icmp6-mobileprefixadvert", "icmp6-mobileprefixsolicit", "icmp6-multicastlistenerdone",
	"icmp6-multicastlistenerquery", "icmp6-multicastlistenerreportv1",
	"icmp6-multicastlistenerreportv2", "icmp6-multicastrouteradvert",
	"icmp6-multicastroutersolicit", "icmp6-multicastrouterterm", "icmp6-neighboradvert",
	"icmp6-neighborsolicit", "icmp6-nodeinformationquery", "icmp6-nodeinformationresponse",
	"icmp6-packettoobig", "icmp6-parameterproblem", "icmp6-redirect", "icmp6-routeradvert",
	"icmp6-routerrenum", "icmp6-routersolicit", "icmp6-timeexceeded", "icmp6code", "icmp6type",
	"icmpcode", "icmptype", "ifindex", "ifname", "igmp", "igrp", "iih", "ilmic", "inbound",
	"ip", "ip6", "ipx", "is-is", "isis", "iso", "l1", "l2", "lane", "lat", "len", "length",
	"less", "link", "llc", "lsp", "lssu", "lsu", "mask", "metac", "metaconnect", "mopdl",
	"moprc", "mpls", "msu", "multicast", "net", "netbeui", "not", "oam", "oamf4", "oamf4ec",
	"oamf4sc", "on", "opc", "or", "outbound", "pim", "port", "portrange", "ppp", "pppoed",
	"pppoes", "proto", "protochain", "psnp", "ra", "radio", "rarp", "reason", "rnr", "rset",
	"rulenum", "ruleset", "sc", "sca", "sctp", "sio", "slip", "sls", "snp", "src", "srnr",
	"stp", "subrulenum", "subtype", "ta", "tcp", "tcp-ack", "tcp-cwr", "tcp-ece", "tcp-fin",
	"tcp-push", "tcp-rst", "tcp-syn", "tcp-urg", "tcpflags", "tr", "type", "udp", "vci", "vlan",
	"vpi", "vrrp", "wlan"};

static const char *const link_protos[] = {"aarp", "arp", "atalk", "decnet", "ip", "ip6", "ipx",
	"iso", "lat", "loopback", "mopdl", "moprc", "netbeui", "rarp", "sca", "stp"};

static const struct number ip_protos[] = {{"ah", 51}, {"egp", 8}, {"eigrp", 88}, {"esp", 50},
	{"ggp", 3}, {"gre", 47}, {"icmp", 1}, {"icmp6", 58}, {"igmp", 2}, {"ip6", 41},
	{"ipcomp", 108}, {"ipencap", 4}, {"ipip", 94}, {"ipv6", 41}, {"ipv6-icmp", 58},
	{"l2tp", 115}, {"ospf", 89}, {"pim", 103}, {"rsvp", 46}, {"sctp", 132}, {"tcp", 6},
	{"udp", 17}, {"udplite", 136}, {"vrrp", 112}};

static const struct number services[] = {{"amqp", 5672}, {"amqps", 5671}, {"bgp", 179},
	{"bootpc", 68}, {"bootps", 67}, {"discard", 9}, {"domain", 53}, {"domain-s", 853},
	{"echo", 7}, {"finger", 79}, {"ftp", 21}, {"ftp-data", 20}, {"git", 9418}, {"gopher", 70},
	{"http", 80}, {"http-alt", 8080}, {"https", 443}, {"imap", 143}, {"imap2", 143},
	{"imaps", 993}, {"ipp", 631}, {"irc", 194}, {"isakmp", 500}, {"kerberos", 88},
	{"ldap", 389}, {"ldaps", 636}, {"mdns", 5353}, {"microsoft-ds", 445}, {"mqtt", 1883},
	{"ms-sql-s", 1433}, {"mysql", 3306}, {"netbios-dgm", 138}, {"netbios-ns", 137},
	{"netbios-ssn", 139}, {"nfs", 2049}, {"nntp", 119}, {"ntp", 123}, {"openvpn", 1194},
	{"pop3", 110}, {"pop3s", 995}, {"postgresql", 5432}, {"radius", 1812},
	{"radius-acct", 1813}, {"rdp", 3389}, {"redis", 6379}, {"rsync", 873}, {"rtsp", 554},
	{"sip", 5060}, {"sip-tls", 5061}, {"smtp", 25}, {"smtps", 465}, {"snmp", 161},
	{"snmp-trap", 162}, {"snmptrap", 162}, {"socks", 1080}, {"ssdp", 1900}, {"ssh", 22},
	{"submission", 587}, {"sunrpc", 111}, {"syslog", 514}, {"syslog-tls", 6514}, {"tacacs", 49},
	{"telnet", 23}, {"telnets", 992}, {"tftp", 69}, {"time", 37}, {"vxlan", 4789},
	{"whois", 43}, {"xmpp-client", 5222}};

static bool equal(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && memcmp(name, s, len) == 0;
}

static bool has(const char *const *list, size_t n, const char *s, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (equal(list[i], s, len))
			return true;
	}
	return false;
}

static uint16_t number_of(const struct number *list, size_t n, const char *s, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (equal(list[i].name, s, len))
			return list[i].value;
	}
	return 0;
}

bool filter_is_keyword(const char *s, size_t len)
{
	return has(keywords, ARRAY_LEN(keywords), s, len);
}

uint16_t filter_port(const char *s, size_t len)
{
	return number_of(services, ARRAY_LEN(services), s, len);
}

uint8_t filter_ip_proto(const char *s, size_t len)
{
	return (uint8_t) number_of(ip_protos, ARRAY_LEN(ip_protos), s, len);
}

bool filter_is_link_proto(const char *s, size_t len)
{
	return has(link_protos, ARRAY_LEN(link_protos), s, len);
}
