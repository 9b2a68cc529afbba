/* SPDX-License-Identifier: MIT */
#include "compile/filter_names.h"

#include <stdio.h>
#include <stdlib.h>
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

static const char *const iso_protos[] = {"clnp", "esis", "isis"};

static const char *const link_protos[] = {"aarp", "arp", "atalk", "decnet", "ip", "ip6", "ipx",
	"iso", "lat", "loopback", "mopdl", "moprc", "netbeui", "rarp", "sca", "stp"};

static const char *const zero_protos[] = {"hopopt", "ip"}; /* the number 0 */

static const struct number ip_protos[] = {{"ah", 51}, {"ax.25", 93}, {"dccp", 33}, {"ddp", 37},
	{"egp", 8}, {"eigrp", 88}, {"encap", 98}, {"esp", 50}, {"etherip", 97}, {"ethernet", 143},
	{"fc", 133}, {"ggp", 3}, {"gre", 47}, {"hip", 139}, {"hmp", 20}, {"icmp", 1}, {"icmp6", 58},
	{"idpr-cmtp", 38}, {"idrp", 45}, {"igmp", 2}, {"igp", 9}, {"ip6", 41}, {"ipcomp", 108},
	{"ipencap", 4}, {"ipip", 94}, {"ipv6", 41}, {"ipv6-frag", 44}, {"ipv6-icmp", 58},
	{"ipv6-nonxt", 59}, {"ipv6-opts", 60}, {"ipv6-route", 43}, {"isis", 124}, {"iso-tp4", 29},
	{"l2tp", 115}, {"manet", 138}, {"mobility-header", 135}, {"mpls-in-ip", 137}, {"ospf", 89},
	{"pim", 103}, {"pup", 12}, {"rdp", 27}, {"rohc", 142}, {"rspf", 73}, {"rsvp", 46},
	{"sctp", 132}, {"shim6", 140}, {"skip", 57}, {"st", 5}, {"tcp", 6}, {"udp", 17},
	{"udplite", 136}, {"vmtp", 81}, {"vrrp", 112}, {"wesp", 141}, {"xns-idp", 22}, {"xtp", 36}};

static const struct number services[] = {{"Clearcase", 371}, {"acr-nema", 104}, {"afpovertcp", 548},
	{"afs3-bos", 7007}, {"afs3-callback", 7001}, {"afs3-fileserver", 7000},
	{"afs3-kaserver", 7004}, {"afs3-prserver", 7002}, {"afs3-rmtsys", 7009},
	{"afs3-update", 7008}, {"afs3-vlserver", 7003}, {"afs3-volser", 7005}, {"amanda", 10080},
	{"amandaidx", 10082}, {"amidxtape", 10083}, {"amqp", 5672}, {"amqps", 5671},
	{"asf-rmcp", 623}, {"asp", 27374}, {"auth", 113}, {"authentication", 113}, {"babel", 6696},
	{"bacula-dir", 9101}, {"bacula-fd", 9102}, {"bacula-sd", 9103}, {"bbs", 7000}, {"bgp", 179},
	{"bgpd", 2605}, {"biff", 512}, {"binkp", 24554}, {"bootpc", 68}, {"bootps", 67},
	{"canna", 5680}, {"cfengine", 5308}, {"chargen", 19}, {"cisco-sccp", 2000},
	{"clc-build-daemon", 8990}, {"clearcase", 371}, {"cmd", 514}, {"cmip-agent", 164},
	{"cmip-man", 163}, {"codaauth2", 370}, {"codasrv", 2432}, {"codasrv-se", 2433},
	{"comsat", 512}, {"csync2", 30865}, {"cvspserver", 2401}, {"daap", 3689},
	{"datametrics", 1645}, {"daytime", 13}, {"db-lsp", 17500}, {"dcap", 22125},
	{"dhcpv6-client", 546}, {"dhcpv6-server", 547}, {"dicom", 104}, {"dict", 2628},
	{"dircproxy", 57000}, {"discard", 9}, {"distcc", 3632}, {"domain", 53}, {"domain-s", 853},
	{"echo", 7}, {"epmap", 135}, {"epmd", 4369}, {"exec", 512}, {"f5-globalsite", 2792},
	{"f5-iquery", 4353}, {"fax", 4557}, {"fido", 60179}, {"finger", 79}, {"font-service", 7100},
	{"freeciv", 5556}, {"fsp", 21}, {"fspd", 21}, {"ftp", 21}, {"ftp-data", 20}, {"ftps", 990},
	{"ftps-data", 989}, {"gdomap", 538}, {"gds-db", 3050}, {"gds_db", 3050}, {"git", 9418},
	{"gnunet", 2086}, {"gnutella-rtr", 6347}, {"gnutella-svc", 6346}, {"gopher", 70},
	{"gpsd", 2947}, {"gris", 2135}, {"groupwise", 1677}, {"gsidcap", 22128}, {"gsiftp", 2811},
	{"gsigatekeeper", 2119}, {"hkp", 11371}, {"hprop", 754}, {"http", 80}, {"http-alt", 8080},
	{"https", 443}, {"hylafax", 4559}, {"iax", 4569}, {"icp", 3130}, {"icpv2", 3130},
	{"ident", 113}, {"imap", 143}, {"imap2", 143}, {"imaps", 993}, {"ingreslock", 1524},
	{"ipp", 631}, {"iprop", 2121}, {"ipsec-nat-t", 4500}, {"ipx", 213}, {"irc", 194},
	{"ircd", 6667}, {"ircs-u", 6697}, {"isakmp", 500}, {"iscsi-target", 3260}, {"isisd", 2608},
	{"isns", 3205}, {"iso-tsap", 102}, {"jabber-client", 5222}, {"jabber-server", 5269},
	{"kamanda", 10081}, {"kdc", 750}, {"kerberos", 88}, {"kerberos-adm", 749},
	{"kerberos-iv", 750}, {"kerberos-master", 751}, {"kerberos-sec", 88}, {"kerberos4", 750},
	{"kerberos5", 88}, {"kerberos_master", 751}, {"kermit", 1649}, {"klogin", 543},
	{"kpasswd", 464}, {"krb-prop", 754}, {"krb5", 88}, {"krb5_prop", 754}, {"krb_prop", 754},
	{"krcmd", 544}, {"kshell", 544}, {"l2f", 1701}, {"l2tp", 1701}, {"ldap", 389},
	{"ldaps", 636}, {"ldp", 646}, {"loc-srv", 135}, {"login", 513}, {"lotusnote", 1352},
	{"lotusnotes", 1352}, {"lrrd", 4949}, {"mail", 25}, {"mailq", 174}, {"mdns", 5353},
	{"microsoft-ds", 445}, {"moira-db", 775}, {"moira-update", 777}, {"moira-ureg", 779},
	{"moira_db", 775}, {"moira_update", 777}, {"moira_ureg", 779}, {"mon", 2583},
	{"mqtt", 1883}, {"ms-sql-m", 1434}, {"ms-sql-s", 1433}, {"ms-wbt-server", 3389},
	{"mtn", 4691}, {"munin", 4949}, {"mysql", 3306}, {"mysql-proxy", 6446}, {"nbd", 10809},
	{"nbp", 2}, {"netbios-dgm", 138}, {"netbios-ns", 137}, {"netbios-ssn", 139},
	{"netstat", 15}, {"nfs", 2049}, {"nicname", 43}, {"nntp", 119}, {"nntps", 563},
	{"nqs", 607}, {"nrpe", 5666}, {"nsca", 5667}, {"ntalk", 518}, {"ntp", 123}, {"ntske", 4460},
	{"null", 9}, {"nut", 3493}, {"old-radacct", 1646}, {"old-radius", 1645}, {"omniorb", 8088},
	{"openvpn", 1194}, {"ospf6d", 2606}, {"ospfapi", 2607}, {"ospfd", 2604},
	{"passwd-server", 752}, {"passwd_server", 752}, {"pawserv", 345}, {"pop-3", 110},
	{"pop3", 110}, {"pop3s", 995}, {"poppassd", 106}, {"portmapper", 111}, {"postgres", 5432},
	{"postgresql", 5432}, {"predict", 1210}, {"printer", 515}, {"proofd", 1093},
	{"ptp-event", 319}, {"ptp-general", 320}, {"puppet", 8140}, {"qmqp", 628}, {"qmtp", 209},
	{"qotd", 17}, {"quote", 17}, {"radacct", 1813}, {"radius", 1812}, {"radius-acct", 1813},
	{"radmin-port", 4899}, {"rdp", 3389}, {"readnews", 119}, {"redis", 6379}, {"remctl", 4373},
	{"ripd", 2602}, {"ripngd", 2603}, {"rmiregistry", 1099}, {"rmtcfg", 1236}, {"rootd", 1094},
	{"route", 520}, {"routed", 520}, {"router", 520}, {"rpc2portmap", 369}, {"rplay", 5555},
	{"rptp", 5556}, {"rsync", 873}, {"rtcm-sc104", 2101}, {"rtmp", 1}, {"rtsp", 554},
	{"sa-msg-port", 1646}, {"saft", 487}, {"sane", 6566}, {"sane-port", 6566}, {"saned", 6566},
	{"sge-execd", 6445}, {"sge-qmaster", 6444}, {"sge_execd", 6445}, {"sge_qmaster", 6444},
	{"sgi-cad", 17004}, {"sgi-cmsd", 17001}, {"sgi-crsd", 17002}, {"sgi-gcd", 17003},
	{"shell", 514}, {"sieve", 4190}, {"silc", 706}, {"sink", 9}, {"sip", 5060},
	{"sip-tls", 5061}, {"skkserv", 1178}, {"smtp", 25}, {"smtps", 465}, {"smux", 199},
	{"snmp", 161}, {"snmp-trap", 162}, {"snmptrap", 162}, {"snntp", 563}, {"snpp", 444},
	{"socks", 1080}, {"source", 19}, {"spamd", 783}, {"spooler", 515}, {"ssdp", 1900},
	{"ssh", 22}, {"ssmtp", 465}, {"submission", 587}, {"submissions", 465},
	{"subversion", 3690}, {"sunrpc", 111}, {"supfiledbg", 1127}, {"supfilesrv", 871},
	{"suucp", 4031}, {"svn", 3690}, {"svrloc", 427}, {"syslog", 514}, {"syslog-tls", 6514},
	{"sysrqd", 4094}, {"systat", 11}, {"tacacs", 49}, {"talk", 517}, {"tap", 113},
	{"tcpmux", 1}, {"telnet", 23}, {"telnets", 992}, {"tfido", 60177}, {"tftp", 69},
	{"time", 37}, {"timserver", 37}, {"tinc", 655}, {"tproxy", 8081}, {"tsap", 102},
	{"ttytst", 19}, {"untp", 119}, {"urd", 465}, {"users", 11}, {"uucp", 540}, {"uucpd", 540},
	{"venus", 2430}, {"venus-se", 2431}, {"vxlan", 4789}, {"wais", 210}, {"webcache", 8080},
	{"webmin", 10000}, {"who", 513}, {"whod", 513}, {"whois", 43}, {"wnn6", 22273}, {"www", 80},
	{"x11", 6000}, {"x11-0", 6000}, {"x11-1", 6001}, {"x11-2", 6002}, {"x11-3", 6003},
	{"x11-4", 6004}, {"x11-5", 6005}, {"x11-6", 6006}, {"x11-7", 6007}, {"xdmcp", 177},
	{"xfs", 7100}, {"xinetd", 9098}, {"xmms2", 9667}, {"xmpp-client", 5222},
	{"xmpp-server", 5269}, {"xtel", 1313}, {"xtelw", 1314}, {"z3950", 210},
	{"zabbix-agent", 10050}, {"zabbix-trapper", 10051}, {"zebra", 2601}, {"zebrasrv", 2600},
	{"zephyr-clt", 2103}, {"zephyr-hm", 2104}, {"zephyr-srv", 2102}, {"zip", 6}, {"zope", 9673},
	{"zope-ftp", 8021}, {"zserv", 346}};

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

/* The end of a range at @s: a number or the name of a service. Returns false if it is neither. */
static bool range_end(const char *s, size_t len, unsigned *ret)
{
	char digits[6] = "";

	if (len > 0 && len < sizeof(digits) && strspn(s, "0123456789") >= len) {
		memcpy(digits, s, len);
		*ret = (unsigned) strtoul(digits, NULL, 10);
		return true;
	}
	*ret = filter_port(s, len);
	return *ret != 0;
}

bool filter_port_range(const char *s, size_t len, char ret[FILTER_RANGE_MAX])
{
	const char *dash = memchr(s, '-', len);
	unsigned first, last;

	if (!dash || !range_end(s, (size_t) (dash - s), &first) ||
		!range_end(dash + 1, len - (size_t) (dash + 1 - s), &last))
		return false;
	(void) snprintf(ret, FILTER_RANGE_MAX, "%u-%u", first, last);
	return true;
}

int filter_ip_proto(const char *s, size_t len)
{
	uint16_t number = number_of(ip_protos, ARRAY_LEN(ip_protos), s, len);
	bool is_zero = has(zero_protos, ARRAY_LEN(zero_protos), s, len);

	return number || is_zero ? number : -1;
}

bool filter_is_iso_proto(const char *s, size_t len)
{
	return has(iso_protos, ARRAY_LEN(iso_protos), s, len);
}

bool filter_is_link_proto(const char *s, size_t len)
{
	return has(link_protos, ARRAY_LEN(link_protos), s, len);
}
