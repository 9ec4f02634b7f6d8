/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wiretape/packet/headers.h>

#include "support/unit.h"

/* Frames byte by byte, and what the reader finds in them. */

#define MACS         "\1\0\x5e\0\0\1\2\0\0\0\0\2"
#define ETH4         MACS "\x08\0"
#define ETH6         MACS "\x86\xdd"
#define TAG(type)    type "\0\5"
#define IP4(n, p)    "\x45\0\0" n "\0\1\0\0\x40" p "\0\0\x0a\0\0\1\x0a\0\0\2"
#define FIRST4(n, p) "\x45\0\0" n "\0\1\x20\0\x40" p "\0\0\x0a\0\0\1\x0a\0\0\2"
#define LATER4(n, p) "\x45\0\0" n "\0\1\0\2\x40" p "\0\0\x0a\0\0\1\x0a\0\0\2"
#define ADDRESS      "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define IP6(n, p)    "\x60\0\0\0\0" n p "\x40" ADDRESS ADDRESS
#define UDP(n)       "\4\x57\x08\xae\0" n "\0\0"
#define TO(port, n)  "\4\x57" port "\0" n "\0\0"
#define TCP          "\0\1\0\2\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0"
#define DATA         "data"
#define UDP4         IP4("\x20", "\x11") UDP("\x0c") DATA /* 32 bytes */
#define UDP6         IP6("\x0c", "\x11") UDP("\x0c") DATA /* 52 bytes */
#define VXLAN        "\x08\0\0\0\0\0\7\0"
#define BYTES(text)  text, sizeof(text) - 1

enum { ALL = WT_FOLLOW_ALL, ETHERNET = WT_LINK_TYPE_ETHERNET, RAW = WT_LINK_TYPE_RAW };

struct row {
	const char *what;
	uint16_t link_type;
	uint32_t follow;
	const char *frame;
	size_t bytes;
	const char *found;
};

static const struct row rows[] = {
        {"Ethernet", ETHERNET, 0, BYTES(ETH4 UDP4),
         "type 800 at 14; IPv4 at 14 next 34 end 46; 17 at 34; payload at 42, 4 of 4; transport"},
        {"Ethernet with a tag", ETHERNET, 0, BYTES(MACS TAG("\x81\0") "\x08\0" UDP4),
         "type 800 at 18; 1 tags at 14; IPv4 at 18 next 38 end 50; 17 at 38; payload at 46, 4 of "
         "4; transport"},
        {"Ethernet without a tag, with a length and a number that look as if there was one",
         ETHERNET, 0,
         BYTES(ETH4 "\x45\0\x08\0\x45\1\x40\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"
                    "\4\x57\x08\xae\7\xec\0\0" DATA),
         "type 800 at 14; IPv4 at 14 next 34 end 2062; 17 at 34; payload at 42, 4 of 2020; "
         "transport"},
        {"a tag after an address that looks like a type", ETHERNET, 0,
         BYTES("\1\0\x5e\0\0\1\2\0\x08\0\x45\0" TAG("\x81\0") "\x80\0" UDP4),
         "type 8000 at 18; 1 tags at 14; network 8000"},
        {"the least Ethernet type", ETHERNET, 0, BYTES(MACS "\6\0" DATA),
         "type 600 at 14; network 600"},
        {"Ethernet with five tags of all types", ETHERNET, 0,
         BYTES(MACS TAG("\x88\xa8") TAG("\x91\0") TAG("\x92\0") TAG("\x93\0")
                       TAG("\x81\0") "\x08\0" UDP4),
         "type 800 at 34; 5 tags at 14; IPv4 at 34 next 54 end 66; 17 at 54; payload at 62, 4 of "
         "4; transport"},
        {"Ethernet with padding", ETHERNET, 0, BYTES(ETH4 UDP4 "\0\0\0\0"),
         "type 800 at 14; IPv4 at 14 next 34 end 46; 17 at 34; payload at 42, 4 of 4; transport"},
        {"half of Ethernet", ETHERNET, 0, BYTES("\1\0\x5e\0\0\1"), "type 0 at 6; cut"},
        {"cooked, version 2, without a type", 276, 0,
         BYTES("\0\4\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0" DATA), "type 0 at 20; network"},
        {"a length and LLC", ETHERNET, 0,
         BYTES(MACS "\0\x03"
                    "\x42\x42\3"),
         "type 0 at 14 length 3; network"},
        {"a length and the start of SNAP", ETHERNET, 0, BYTES(MACS "\0\2\xaa\xaa"),
         "type 0 at 14 length 2; not followed LLC"},
        {"a length and a byte of it", ETHERNET, 0, BYTES(MACS "\0\1\xaa"),
         "type 0 at 14 length 1; network"},
        {"a length after a tag, and SNAP", ETHERNET, 0,
         BYTES(MACS TAG("\x81\0") "\0\x08"
                                  "\xaa\xaa\3\0\0\0\x08\0"),
         "type 0 at 18 length 8; 1 tags at 14; not followed LLC"},
        {"cooked", 113, 0, BYTES("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0" UDP4),
         "type 800 at 16; IPv4 at 16 next 36 end 48; 17 at 36; payload at 44, 4 of 4; transport"},
        {"cooked with a tag", 113, 0,
         BYTES("\0\0\0\1\0\6\2\0\0\0\0\1\0\0" TAG("\x81\0") "\x08\0" UDP4),
         "type 800 at 20; 1 tags at 16; IPv4 at 20 next 40 end 52; 17 at 40; payload at 48, 4 of "
         "4; transport"},
        {"cooked, with a number that is no Ethernet type", 113, 0,
         BYTES("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\4"
               "\x42\x42\3"),
         "type 0 at 16; network"},
        {"cooked, version 2", 276, 0, BYTES("\x86\xdd\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0" UDP6),
         "type 86dd at 20; IPv6 at 20 next 60 end 72; 17 at 60; payload at 68, 4 of 4; transport"},
        {"BSD loopback, little-endian", 0, 0, BYTES("\2\0\0\0" UDP4),
         "type 800 at 4; IPv4 at 4 next 24 end 36; 17 at 24; payload at 32, 4 of 4; transport"},
        {"BSD loopback, big-endian", 0, 0, BYTES("\0\0\0\x1e" UDP6),
         "type 86dd at 4; IPv6 at 4 next 44 end 56; 17 at 44; payload at 52, 4 of 4; transport"},
        {"OpenBSD loopback", 108, 0, BYTES("\0\0\0\2" UDP4),
         "type 800 at 4; IPv4 at 4 next 24 end 36; 17 at 24; payload at 32, 4 of 4; transport"},
        {"BSD loopback without IP", 0, 0, BYTES("\7\0\0\0\x45"), "type 0 at 4; network"},
        {"bare IPv4", RAW, 0, BYTES(UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; payload at 28, 4 of 4; transport"},
        {"bare IPv4, with addresses that look like Ethernet", RAW, 0,
         BYTES("\x45\0\0\x28\0\1\0\0\x40\x11\0\0\x08\0\x45\0\x0a\0\0\2"
               "\x40\0\x08\xae\0\x14\0\0" DATA DATA DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 40; 17 at 20; payload at 28, 12 of 12; transport"},
        {"bare IPv6", RAW, 0, BYTES(UDP6),
         "type 86dd at 0; IPv6 at 0 next 40 end 52; 17 at 40; payload at 48, 4 of 4; transport"},
        {"bare IP of BSD/OS", 12, 0, BYTES(UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; payload at 28, 4 of 4; transport"},
        {"bare IP of OpenBSD", 14, 0, BYTES(UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; payload at 28, 4 of 4; transport"},
        {"bare IPv4 by its number", 228, 0, BYTES(UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; payload at 28, 4 of 4; transport"},
        {"bare IPv6 by its number", 229, 0, BYTES(UDP6),
         "type 86dd at 0; IPv6 at 0 next 40 end 52; 17 at 40; payload at 48, 4 of 4; transport"},
        {"bare, and not IP", RAW, 0, BYTES("\x50\0\0\0"), "type 0 at 0; network"},
        {"bare, without anything after IPv4", RAW, 0, BYTES(IP4("\x14", "\xfd")),
         "type 800 at 0; IPv4 at 0 next 20 end 20; 253 at 20; protocol fd"},
        {"PPP", 9, 0, BYTES("\0\x21" UDP4),
         "type 800 at 2; IPv4 at 2 next 22 end 34; 17 at 22; payload at 30, 4 of 4; transport"},
        {"PPP with address and control", 9, 0, BYTES("\xff\3\0\x57" UDP6),
         "type 86dd at 4; IPv6 at 4 next 44 end 56; 17 at 44; payload at 52, 4 of 4; transport"},
        {"PPP with a short protocol", 9, 0, BYTES("\x21" UDP4),
         "type 800 at 1; IPv4 at 1 next 21 end 33; 17 at 21; payload at 29, 4 of 4; transport"},
        {"PPP without IP", 9, 0, BYTES("\xc0\x21\1\1\0\4"), "type 0 at 2; network"},
        {"PPP with a short protocol that is half an address and control", 9, 0,
         BYTES("\xff\x21\x21" UDP4), "type 0 at 1; network"},
        {"PPP in HDLC", 50, 0, BYTES("\xff\3\0\x21" UDP4),
         "type 800 at 4; IPv4 at 4 next 24 end 36; 17 at 24; payload at 32, 4 of 4; transport"},
        {"Cisco HDLC under PPP's number", 50, 0, BYTES("\x0f\0\x08\0" UDP4),
         "type 800 at 4; IPv4 at 4 next 24 end 36; 17 at 24; payload at 32, 4 of 4; transport"},
        {"PPPoE as a link", 51, 0, BYTES("\x11\0\0\1\0\x22\0\x21" UDP4),
         "type 800 at 8; IPv4 at 8 next 28 end 40; 17 at 28; payload at 36, 4 of 4; transport"},
        {"pppd's, outgoing", 166, 0, BYTES("\1\3\0\x21" UDP4),
         "type 800 at 4; IPv4 at 4 next 24 end 36; 17 at 24; payload at 32, 4 of 4; transport"},
        {"Cisco HDLC with no length", 104, 0,
         BYTES("\x8f\0\0\x08"
               "\xaa\xaa\3\0\0\0\x08\0"),
         "type 0 at 4; network"},
        {"Cisco HDLC", 104, 0, BYTES("\x8f\0\x08\0" UDP4),
         "type 800 at 4; IPv4 at 4 next 24 end 36; 17 at 24; payload at 32, 4 of 4; transport"},
        {"a link that is not known", 227, 0, BYTES(UDP4), "type 0 at 0; link unknown"},
        {"ARP", ETHERNET, 0,
         BYTES(MACS "\x08\6"
                    "\0\1\x08\0\6\4\0\1"),
         "type 806 at 14; network 806"},
        {"IPv4 with options", ETHERNET, 0,
         BYTES(ETH4 "\x46\0\0\x24\0\1\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"
                    "\1\1\1\0" UDP("\x0c") DATA),
         "type 800 at 14; IPv4 at 14 next 38 end 50; 17 at 38; payload at 46, 4 of 4; transport"},
        {"IPv4 without a length", RAW, 0, BYTES(IP4("\0", "\x11") UDP("\x0c") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end -1 unsized; 17 at 20; payload at 28, 4 of 4; "
         "transport"},
        {"IPv4, the first fragment", RAW, 0, BYTES(FIRST4("\x20", "\x11") UDP("\xff") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 32 first; 17 at 20; payload at 28, 4 of 247; "
         "transport"},
        {"IPv4, a later fragment", RAW, 0, BYTES(LATER4("\x20", "\x11") UDP("\x0c") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 32 later; later fragment 11"},
        {"IPv4, a later fragment of a tunnel", RAW, ALL, BYTES(LATER4("\x18", "\x2f") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 24 later; later fragment GRE 2f"},
        {"IPv4 cut in its datagram", RAW, 0, BYTES(IP4("\xff", "\x11") UDP("\xeb") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 255; 17 at 20; payload at 28, 4 of 227; transport"},
        {"IPv4, a header of 16 bytes", RAW, 0,
         BYTES("\x44\0\0\x20\0\1\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2" UDP("\x0c") DATA),
         "type 800 at 0; contradiction"},
        {"IPv4 shorter than its header", RAW, 0, BYTES(IP4("\x13", "\x11") UDP("\x0c") DATA),
         "type 800 at 0; contradiction"},
        {"IPv6 under IPv4's type", ETHERNET, 0, BYTES(ETH4 UDP6), "type 800 at 14; contradiction"},
        {"IPv4 under IPv6's type", ETHERNET, 0, BYTES(ETH6 UDP4 UDP4),
         "type 86dd at 14; contradiction"},
        {"IPv6 with all extension headers", RAW, 0,
         BYTES(IP6("\x2c", "\0") "\x3c\0\1\4\0\0\0\0"
                                 "\x2b\0\1\4\0\0\0\0"
                                 "\x2c\0\0\0\0\0\0\0"
                                 "\x11\0\0\0\0\0\0\1" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 72 end 84 routed; 17 at 72; payload at 80, 4 of 4; "
         "transport"},
        {"IPv6, a routing header with segments left", RAW, 0,
         BYTES(IP6("\x14", "\x2b") "\x11\0\0\1\0\0\0\0" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 48 end 60 routed on its way; 17 at 48; payload at 56, 4 "
         "of 4; transport"},
        {"IPv6, an extension header of 16 bytes", RAW, 0,
         BYTES(IP6("\x1c", "\x3c") "\x11\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 56 end 68; 17 at 56; payload at 64, 4 of 4; transport"},
        {"IPv6, the first fragment", RAW, 0,
         BYTES(IP6("\x14", "\x2c") "\x11\0\0\1\0\0\0\1" UDP("\xff") DATA),
         "type 86dd at 0; IPv6 at 0 next 48 end 60 first; 17 at 48; payload at 56, 4 of 247; "
         "transport"},
        {"IPv6, a later fragment", RAW, 0,
         BYTES(IP6("\x14", "\x2c") "\x11\0\0\x08\0\0\0\1" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 48 end 60 later; later fragment 11"},
        {"IPv6 without a length", RAW, 0, BYTES(IP6("\0", "\x11") UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 40 end -1 unsized; 17 at 40; payload at 48, 4 of 4; "
         "transport"},
        {"IPv6 without room for an extension header", RAW, 0,
         BYTES(IP6("\7", "\x3c") "\x11\0\1\4\0\0\0\0" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 0 end 47; contradiction"},
        {"AH, named", RAW, 0,
         BYTES(IP6("\x24", "\x33") "\x11\4\0\0\0\0\0\1\0\0\0\1"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 40 end 76; not followed AH 33"},
        {"AH, followed", RAW, ALL,
         BYTES(IP6("\x24", "\x33") "\x11\4\0\0\0\0\0\1\0\0\0\1"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0" UDP("\x0c") DATA),
         "type 86dd at 0; IPv6 at 0 next 64 end 76; 17 at 64; payload at 72, 4 of 4; transport"},
        {"AH over IPv4, followed", RAW, ALL,
         BYTES(IP4("\x38", "\x33") "\x11\4\0\0\0\0\0\1\0\0\0\1"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0" UDP("\x0c") DATA),
         "type 800 at 0; IPv4 at 0 next 44 end 56; 17 at 44; payload at 52, 4 of 4; transport"},
        {"an IPv6 extension header over IPv4", RAW, ALL,
         BYTES(IP4("\x28", "\x3c") "\x11\0\1\4\0\0\0\0" UDP("\x0c") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 40; 60 at 20; protocol 3c"},
        {"ESP ends it", RAW, ALL, BYTES(IP6("\x08", "\x32") "\0\0\0\1\0\0\0\1"),
         "type 86dd at 0; IPv6 at 0 next 40 end 48; not followed ESP 32"},
        {"SCTP", RAW, 0, BYTES(IP4("\x20", "\x84") "\0\1\0\2\0\0\0\0\0\0\0\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 132 at 20; protocol 84"},
        {"no next header", RAW, 0, BYTES(IP6("\0", "\x3b")),
         "type 86dd at 0; IPv6 at 0 next 40 end -1 unsized; 59 at 40; protocol 3b"},
        {"TCP", RAW, 0, BYTES(IP4("\x2c", "\6") TCP DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 44; 6 at 20; payload at 40, 4 of 4; transport"},
        {"TCP with options", RAW, 0,
         BYTES(IP4("\x30", "\6") "\0\1\0\2\0\0\0\0\0\0\0\0\x60\0\0\0\0\0\0\0"
                                 "\1\1\1\0" DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 48; 6 at 20; payload at 44, 4 of 4; transport"},
        {"TCP cut in its options", RAW, 0,
         BYTES(IP4("\x30", "\6") "\0\1\0\2\0\0\0\0\0\0\0\0\x60\0\0\0\0\0\0\0"
                                 "\1"),
         "type 800 at 0; IPv4 at 0 next 20 end 48; 6 at 20; payload at 44, 0 of 4; cut"},
        {"TCP, a header of 16 bytes", RAW, 0,
         BYTES(IP4("\x2c", "\6") "\0\1\0\2\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0" DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 44; 6 at 20; contradiction"},
        {"TCP without room for its options", RAW, 0,
         BYTES(IP4("\x28", "\6") "\0\1\0\2\0\0\0\0\0\0\0\0\x60\0\0\0\0\0\0\0"
                                 "\1\1\1\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 40; 6 at 20; contradiction"},
        {"UDP longer than its datagram", RAW, 0, BYTES(IP4("\x20", "\x11") UDP("\x0d") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; contradiction"},
        {"UDP shorter than its header", RAW, 0, BYTES(IP4("\x20", "\x11") UDP("\7") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; contradiction"},
        {"UDP shorter than its datagram", RAW, 0, BYTES(IP4("\x20", "\x11") UDP("\x0a") DATA),
         "type 800 at 0; IPv4 at 0 next 20 end 32; 17 at 20; payload at 28, 2 of 2; transport"},
        {"ICMP", RAW, 0, BYTES(IP4("\x1c", "\1") "\x08\0\0\0\0\1\0\1"),
         "type 800 at 0; IPv4 at 0 next 20 end 28; 1 at 20; payload at 24, 4 of 4; transport"},
        {"ICMPv6", RAW, 0, BYTES(IP6("\x08", "\x3a") "\x80\0\0\0\0\1\0\1"),
         "type 86dd at 0; IPv6 at 0 next 40 end 48; 58 at 40; payload at 44, 4 of 4; transport"},
        {"ICMP over IPv6", RAW, 0, BYTES(IP6("\x08", "\1") "\x80\0\0\0\0\1\0\1"),
         "type 86dd at 0; IPv6 at 0 next 40 end 48; 1 at 40; protocol 1"},
        {"ICMPv6 over IPv4", RAW, 0, BYTES(IP4("\x1c", "\x3a") "\x80\0\0\0\0\1\0\1"),
         "type 800 at 0; IPv4 at 0 next 20 end 28; 58 at 20; protocol 3a"},
        {"IGMP", RAW, 0, BYTES(IP4("\x1c", "\2") "\x16\0\0\0\xef\1\1\1"),
         "type 800 at 0; IPv4 at 0 next 20 end 28; 2 at 20; payload at 28, 0 of 0; transport"},
        {"IGMP over IPv6", RAW, 0, BYTES(IP6("\x08", "\2") "\x16\0\0\0\xef\1\1\1"),
         "type 86dd at 0; IPv6 at 0 next 40 end 48; 2 at 40; protocol 2"},
        {"MPLS, named", ETHERNET, 0,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" UDP4),
         "type 8847 at 14; not followed MPLS 8847"},
        {"MPLS, two labels, then IPv4", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\0\x40"
                    "\0\2\1\x40" UDP4),
         "type 8847 at 14; in 1 of 2; IPv4 at 22 next 42 end 54; "
         "17 at 42; payload at 50, 4 of 4; transport"},
        {"MPLS to a group, then IPv6", ETHERNET, ALL,
         BYTES(MACS "\x88\x48"
                    "\0\1\1\x40" UDP6),
         "type 8848 at 14; in 1 of 2; IPv6 at 18 next 58 end 70; "
         "17 at 58; payload at 66, 4 of 4; transport"},
        {"MPLS after a tag", ETHERNET, WT_FOLLOW(WT_LAYER_MPLS),
         BYTES(MACS TAG("\x81\0") "\x88\x47"
                                  "\0\1\1\x40" UDP4),
         "type 8847 at 18; 1 tags at 14; in 1 of 2; IPv4 at 22 "
         "next 42 end 54; 17 at 42; payload at 50, 4 of 4; transport"},
        {"a pseudowire with a control word", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40"
                    "\0\0\0\1" ETH4 UDP4),
         "type 8847 at 14; in 2 of 6; IPv4 at 36 next 56 end 68; "
         "17 at 56; payload at 64, 4 of 4; transport"},
        {"a pseudowire without", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" MACS TAG("\x81\0") "\x86\xdd" UDP6),
         "type 8847 at 14; in 2 of 6; IPv6 at 36 next 76 end 88; "
         "17 at 76; payload at 84, 4 of 4; transport"},
        {"a pseudowire, named", ETHERNET, WT_FOLLOW(WT_LAYER_MPLS),
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" ETH4 UDP4),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"labels, and what cannot be told", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40"
                    "\x10\0\0\0" MACS "\x12\x34\0\0"),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"labels, and addresses before an unknown type", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" MACS "\x12\x34\x45\0"),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"labels, and IPv6's version before an unknown type", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" MACS "\x12\x34\x60\0"),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"labels, and IPv6's type before another version", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" MACS "\x86\xdd\x45\0"),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"labels, and IPv4's type before another version", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" MACS "\x08\0\x60\0"),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"labels, and ARP's type before no hardware", ETHERNET, ALL,
         BYTES(MACS "\x88\x47"
                    "\0\1\1\x40" MACS "\x08\6\x01\0"),
         "type 8847 at 14; in 1 of 2; not followed pseudowire"},
        {"PPPoE, named", ETHERNET, 0,
         BYTES(MACS "\x88\x64"
                    "\x11\0\0\1\0\x22\0\x21" UDP4),
         "type 8864 at 14; not followed PPPoE 8864"},
        {"PPPoE, then IPv4", ETHERNET, ALL,
         BYTES(MACS "\x88\x64"
                    "\x11\0\0\1\0\x22\0\x21" UDP4),
         "type 8864 at 14; in 1 of 8; IPv4 at 22 next 42 end 54; "
         "17 at 42; payload at 50, 4 of 4; transport"},
        {"PPPoE, then IPv6", ETHERNET, ALL,
         BYTES(MACS "\x88\x64"
                    "\x11\0\0\1\0\x36\0\x57" UDP6),
         "type 8864 at 14; in 1 of 8; IPv6 at 22 next 62 end 74; "
         "17 at 62; payload at 70, 4 of 4; transport"},
        {"PPPoE with IPCP", ETHERNET, ALL,
         BYTES(MACS "\x88\x64"
                    "\x11\0\0\1\0\6\x80\x21"
                    "\1\1\0\4"),
         "type 8864 at 14; in 1 of 8; not followed PPPoE 8021"},
        {"PPPoE with LCP", ETHERNET, ALL,
         BYTES(MACS "\x88\x64"
                    "\x11\0\0\1\0\6\xc0\x21"
                    "\x09\1\0\4"),
         "type 8864 at 14; in 1 of 8; network"},
        {"GRE, named", ETHERNET, 0, BYTES(ETH4 IP4("\x38", "\x2f") "\0\0\x08\0" UDP4),
         "type 800 at 14; IPv4 at 14 next 34 end 70; not followed GRE 2f"},
        {"GRE, then IPv4", ETHERNET, ALL, BYTES(ETH4 IP4("\x38", "\x2f") "\0\0\x08\0" UDP4),
         "type 800 at 14; in 1 of 10; outer IPv4 at 14 next 34 end 70; IPv4 at 38 next 58 end 70; "
         "17 at 58; payload at 66, 4 of 4; transport"},
        {"GRE with checksum, key and sequence, then IPv6", RAW, ALL,
         BYTES(IP4("\x58", "\x2f") "\xb0\0\x86\xdd"
                                   "\1\2\0\0"
                                   "\0\0\0\7"
                                   "\0\0\0\1" UDP6),
         "type 800 at 0; in 1 of 10; outer IPv4 at 0 next 20 end 88; IPv6 at 36 next 76 end 88; 17 "
         "at 76; payload at 84, 4 of 4; transport"},
        {"GRE over IPv6 with a key, then Ethernet", RAW, ALL,
         BYTES(IP6("\x36", "\x2f") "\x20\0\x65\x58"
                                   "\0\0\0\7" ETH4 UDP4),
         "type 86dd at 0; in 1 of 10; outer IPv6 at 0 next 40 end 94; IPv4 at 62 next 82 end 94; "
         "17 at 82; payload at 90, 4 of 4; transport"},
        {"GRE with routing", RAW, ALL, BYTES(IP4("\x38", "\x2f") "\x40\0\x08\0" UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 56; not followed GRE 2f"},
        {"GRE of PPTP", RAW, ALL,
         BYTES(IP4("\x20", "\x2f") "\x30\1\x88\x0b"
                                   "\0\4\0\1"
                                   "\xff\3\0\x21"),
         "type 800 at 0; IPv4 at 0 next 20 end 32; not followed GRE 2f"},
        {"GRE, then something else", RAW, ALL,
         BYTES(IP4("\x1a", "\x2f") "\0\0\x08\6"
                                   "\0\1"),
         "type 800 at 0; in 1 of 10; outer IPv4 at 0 next 20 end 26; IPv4 at 0 next 20 end 26; "
         "network 806"},
        {"GRE, then MPLS", RAW, ALL,
         BYTES(IP4("\x3c", "\x2f") "\0\0\x88\x47"
                                   "\0\1\1\x40" UDP4),
         "type 800 at 0; in 2 of 12; outer IPv4 at 0 next 20 end 60; IPv4 at 28 next 48 end 60; 17 "
         "at 48; payload at 56, 4 of 4; transport"},
        {"ERSPAN", RAW, ALL,
         BYTES(IP4("\x20", "\x2f") "\x10\0\x88\xbe"
                                   "\0\0\0\1"
                                   "\x10\1\0\1"),
         "type 800 at 0; IPv4 at 0 next 20 end 32; not followed ERSPAN 88be"},
        {"ERSPAN, type III", RAW, 0,
         BYTES(IP4("\x20", "\x2f") "\x10\0\x22\xeb"
                                   "\0\0\0\1"
                                   "\x20\1\0\1"),
         "type 800 at 0; IPv4 at 0 next 20 end 32; not followed ERSPAN 22eb"},
        {"IP in IP, named", RAW, 0, BYTES(IP4("\x34", "\4") UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 52; not followed IP in IP 4"},
        {"IPv4 in IPv4", RAW, ALL, BYTES(IP4("\x34", "\4") UDP4),
         "type 800 at 0; in 1 of 20; outer IPv4 at 0 next 20 end 52; IPv4 at 20 next 40 end 52; 17 "
         "at 40; payload at 48, 4 of 4; transport"},
        {"IPv6 in IPv4", RAW, ALL, BYTES(IP4("\x48", "\x29") UDP6),
         "type 800 at 0; in 1 of 20; outer IPv4 at 0 next 20 end 72; IPv6 at 20 next 60 end 72; 17 "
         "at 60; payload at 68, 4 of 4; transport"},
        {"IPv4 in IPv6", RAW, ALL, BYTES(IP6("\x20", "\4") UDP4),
         "type 86dd at 0; in 1 of 20; outer IPv6 at 0 next 40 end 72; IPv4 at 40 next 60 end 72; "
         "17 at 60; payload at 68, 4 of 4; transport"},
        {"IPv6 in IPv6", RAW, ALL, BYTES(IP6("\x34", "\x29") UDP6),
         "type 86dd at 0; in 1 of 20; outer IPv6 at 0 next 40 end 92; IPv6 at 40 next 80 end 92; "
         "17 at 80; payload at 88, 4 of 4; transport"},
        {"IPIP", RAW, ALL, BYTES(IP4("\x34", "\x5e") UDP4),
         "type 800 at 0; IPv4 at 0 next 20 end 52; not followed IP in IP 5e"},
        {"VXLAN, named", ETHERNET, 0,
         BYTES(ETH4 IP4("\x52", "\x11") TO("\x12\xb5", "\x3e") VXLAN ETH4 UDP4),
         "type 800 at 14; IPv4 at 14 next 34 end 96; 17 at 34; payload at 42, 54 of 54; transport "
         "VXLAN"},
        {"VXLAN", ETHERNET, ALL,
         BYTES(ETH4 IP4("\x52", "\x11") TO("\x12\xb5", "\x3e") VXLAN ETH4 UDP4),
         "type 800 at 14; in 1 of 80; outer IPv4 at 14 next 34 end 96; IPv4 at 64 next 84 end 96; "
         "17 at 84; payload at 92, 4 of 4; transport"},
        {"VXLAN with a group policy", RAW, ALL,
         BYTES(IP4("\x52", "\x11") TO("\x12\xb5", "\x3e") "\x88\0\0\5\0\0\7\0" ETH4 UDP4),
         "type 800 at 0; in 1 of 80; outer IPv4 at 0 next 20 end 82; IPv4 at 50 next 70 end 82; 17 "
         "at 70; payload at 78, 4 of 4; transport"},
        {"VXLAN with ARP in it", RAW, ALL,
         BYTES(IP4("\x34", "\x11") TO("\x12\xb5", "\x20") VXLAN MACS "\x08\6"
                                                                     "\0\1"),
         "type 800 at 0; in 1 of 80; outer IPv4 at 0 next 20 end 52; IPv4 at 0 next 20 end 52; "
         "network 806"},
        {"VXLAN's port without a network", RAW, ALL,
         BYTES(IP4("\x24", "\x11") TO("\x12\xb5", "\x10") "\0\0\0\0\0\0\7\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 36; 17 at 20; payload at 28, 8 of 8; transport"},
        {"VXLAN's port with a reserved bit", RAW, ALL,
         BYTES(IP4("\x24", "\x11") TO("\x12\xb5", "\x10") "\x08\0\0\1\0\0\7\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 36; 17 at 20; payload at 28, 8 of 8; transport"},
        {"VXLAN to another port", RAW, ALL, BYTES(IP4("\x24", "\x11") TO("\x12\xb4", "\x10") VXLAN),
         "type 800 at 0; IPv4 at 0 next 20 end 36; 17 at 20; payload at 28, 8 of 8; transport"},
        {"VXLAN's port with less than its header", RAW, ALL,
         BYTES(IP4("\x23", "\x11") TO("\x12\xb5", "\x0f") "\x08\0\0\0\0\0\7"),
         "type 800 at 0; IPv4 at 0 next 20 end 35; 17 at 20; payload at 28, 7 of 7; transport"},
        {"Geneve", RAW, ALL,
         BYTES(IP4("\x24", "\x11") TO("\x17\xc1", "\x10") "\0\0\x65\x58\0\0\7\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 36; 17 at 20; payload at 28, 8 of 8; transport "
         "Geneve"},
        {"Geneve of another version", RAW, ALL,
         BYTES(IP4("\x24", "\x11") TO("\x17\xc1", "\x10") "\x40\0\x65\x58\0\0\7\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 36; 17 at 20; payload at 28, 8 of 8; transport"},
        {"Geneve of another protocol", RAW, ALL,
         BYTES(IP4("\x24", "\x11") TO("\x17\xc1", "\x10") "\0\0\x08\0\0\0\7\0"),
         "type 800 at 0; IPv4 at 0 next 20 end 36; 17 at 20; payload at 28, 8 of 8; transport"},
        {"VXLAN in GRE in IPv6", RAW, ALL,
         BYTES(IP6("\x56", "\x2f") "\0\0\x08\0" IP4("\x52", "\x11") TO("\x12\xb5", "\x3e")
                       VXLAN ETH4 UDP4),
         "type 86dd at 0; in 2 of 90; outer IPv6 at 0 next 40 end 126; IPv4 at 94 next 114 end "
         "126; 17 at 114; payload at 122, 4 of 4; transport"},
        {"MACsec", ETHERNET, ALL,
         BYTES(MACS "\x88\xe5"
                    "\0\0"),
         "type 88e5 at 14; not followed MACsec 88e5"},
        {"provider backbone bridges", ETHERNET, ALL,
         BYTES(MACS "\x88\xe7"
                    "\0\0\0\0"),
         "type 88e7 at 14; not followed Ethernet in Ethernet 88e7"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), TEXT_BYTES = 512 };

static const char *const ends[] = {
        [WT_HEADERS_TRANSPORT] = "transport",
        [WT_HEADERS_LINK_UNKNOWN] = "link unknown",
        [WT_HEADERS_NETWORK] = "network",
        [WT_HEADERS_PROTOCOL] = "protocol",
        [WT_HEADERS_NOT_FOLLOWED] = "not followed",
        [WT_HEADERS_FRAGMENT] = "later fragment",
        [WT_HEADERS_CUT] = "cut",
        [WT_HEADERS_CONTRADICTION] = "contradiction",
        [WT_HEADERS_TOO_DEEP] = "too deep",
};

static struct wt_headers read_at(const struct row *row, uint32_t follow, uint8_t *frame,
                                 size_t caplen)
{
	const struct wt_headers_config config = {.link_type = row->link_type, .follow = follow};
	struct wt_headers headers;

	memcpy(frame, row->frame, caplen);
	wt_headers_read(&headers, &config, frame, caplen);
	return headers;
}

/* Bytes at the end of memory that there is, and at its beginning: reading any other ends the test.
 */
static struct wt_headers read_bytes(const struct row *row, uint32_t follow, size_t caplen)
{
	static uint8_t *memory;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!memory) {
		memory = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		cr_assert(memory != MAP_FAILED);
		cr_assert(eq(int, mprotect(memory + page, page, PROT_READ | PROT_WRITE), 0));
	}
	read_at(row, follow, memory + 2 * page - caplen, caplen);
	return read_at(row, follow, memory + page, caplen);
}

static size_t put_ip(char *text, size_t room, const char *name, const struct wt_headers_ip *ip)
{
	static const char *const fragments[] = {"", " first", " later"};

	return (size_t)snprintf(text, room, "; %s%d at %u next %u end %d%s%s%s%s", name,
	                        ip->version, ip->at, ip->next, (int)ip->end,
	                        fragments[ip->fragment], ip->sized ? "" : " unsized",
	                        ip->routed ? " routed" : "", ip->on_its_way ? " on its way" : "");
}

static const char *layer_name(enum wt_layer layer)
{
	static const char *const names[WT_LAYERS] = {
	        [WT_LAYER_NONE] = "none",
	        [WT_LAYER_MPLS] = "MPLS",
	        [WT_LAYER_PSEUDOWIRE] = "pseudowire",
	        [WT_LAYER_PPPOE] = "PPPoE",
	        [WT_LAYER_GRE] = "GRE",
	        [WT_LAYER_IP_IN_IP] = "IP in IP",
	        [WT_LAYER_AH] = "AH",
	        [WT_LAYER_VXLAN] = "VXLAN",
	        [WT_LAYER_ERSPAN] = "ERSPAN",
	        [WT_LAYER_GENEVE] = "Geneve",
	        [WT_LAYER_ESP] = "ESP",
	        [WT_LAYER_MACSEC] = "MACsec",
	        [WT_LAYER_LLC] = "LLC",
	        [WT_LAYER_ETHERNET] = "Ethernet in Ethernet",
	};

	return names[layer];
}

/* What was found, in words; what there is not is left out. */
static void describe(char *text, const struct wt_headers *headers)
{
	size_t at = (size_t)snprintf(text, TEXT_BYTES, "type %x at %u", headers->ethertype,
	                             headers->network);

	if (headers->length)
		at += (size_t)snprintf(text + at, TEXT_BYTES - at, " length %u", headers->length);
	if (headers->vlan)
		at += (size_t)snprintf(text + at, TEXT_BYTES - at, "; %u tags at %u",
		                       headers->vlan_tags, headers->vlan);
	if (headers->tunnels)
		at += (size_t)snprintf(text + at, TEXT_BYTES - at, "; in %u of %x",
		                       headers->tunnels, headers->passed);
	if (headers->outer_ip.version)
		at += put_ip(text + at, TEXT_BYTES - at, "outer IPv", &headers->outer_ip);
	if (headers->ip.version)
		at += put_ip(text + at, TEXT_BYTES - at, "IPv", &headers->ip);
	if (headers->transport)
		at += (size_t)snprintf(text + at, TEXT_BYTES - at, "; %u at %u",
		                       headers->ip.protocol, headers->transport);
	if (headers->payload)
		at += (size_t)snprintf(text + at, TEXT_BYTES - at, "; payload at %u, %u of %u",
		                       headers->payload, headers->payload_bytes,
		                       headers->payload_wire_bytes);
	at += (size_t)snprintf(text + at, TEXT_BYTES - at, "; %s", ends[headers->end]);
	if (headers->unfollowed)
		at += (size_t)snprintf(text + at, TEXT_BYTES - at, " %s",
		                       layer_name(headers->unfollowed));
	if (headers->stopped_at)
		snprintf(text + at, TEXT_BYTES - at, " %x", headers->stopped_at);
}

Test(headers, each_layer_is_found_where_it_is)
{
	for (size_t i = 0; i < ROWS; i++) {
		struct wt_headers headers = read_bytes(&rows[i], rows[i].follow, rows[i].bytes);
		char text[TEXT_BYTES];

		describe(text, &headers);
		cr_expect(strcmp(text, rows[i].found) == 0, "%s:\n%s\ninstead of\n%s", rows[i].what,
		          text, rows[i].found);
	}
}

/* Whether nothing is told of bytes that are not here. */
static bool is_within(const struct wt_headers *headers, size_t caplen)
{
	return headers->network <= caplen && headers->transport <= caplen &&
	       headers->ip.next <= caplen &&
	       (!headers->payload_bytes ||
	        headers->payload + (size_t)headers->payload_bytes <= caplen);
}

Test(headers, no_byte_is_read_that_was_not_captured)
{
	static const uint32_t follows[] = {0, WT_FOLLOW_ALL};

	for (size_t i = 0; i < ROWS; i++)
		for (size_t caplen = 0; caplen <= rows[i].bytes; caplen++)
			for (int k = 0; k < 2; k++) {
				struct wt_headers headers =
				        read_bytes(&rows[i], follows[k], caplen);

				cr_expect(is_within(&headers, caplen), "%s, %zu bytes",
				          rows[i].what, caplen);
			}
}

/* What MPLS labels, LLC and tunnels over UDP carry is told by bytes after them: with fewer of them
 * it is something else. */
static bool is_told_by_what_follows(const struct wt_headers *whole)
{
	return whole->passed & (WT_FOLLOW(WT_LAYER_MPLS) | WT_FOLLOW(WT_LAYER_VXLAN));
}

Test(headers, a_frame_that_ends_in_a_header_is_cut)
{
	size_t cut = 0;

	for (size_t i = 0; i < ROWS; i++) {
		struct wt_headers whole = read_bytes(&rows[i], rows[i].follow, rows[i].bytes);

		if (whole.end != WT_HEADERS_TRANSPORT || is_told_by_what_follows(&whole))
			continue;
		for (size_t caplen = 0; caplen <= rows[i].bytes; caplen++) {
			struct wt_headers headers = read_bytes(&rows[i], rows[i].follow, caplen);
			size_t here = caplen - whole.payload;

			if (caplen < whole.payload) {
				cr_expect(headers.end == WT_HEADERS_CUT, "%s, %zu bytes: %s",
				          rows[i].what, caplen, ends[headers.end]);
				cut++;
				continue;
			}
			here = here < whole.payload_bytes ? here : whole.payload_bytes;
			cr_expect(headers.end == WT_HEADERS_TRANSPORT, "%s", rows[i].what);
			cr_expect(headers.payload_bytes == here, "%s: %u of %zu bytes",
			          rows[i].what, headers.payload_bytes, here);
			cr_expect(headers.payload_wire_bytes == whole.payload_wire_bytes, "%s",
			          rows[i].what);
		}
	}
	cr_assert(gt(sz, cut, 1000));
}

Test(headers, a_frame_shorter_on_the_wire_than_its_headers_contradicts_itself)
{
	static const uint8_t frame[10];
	struct wt_headers_config config = {.link_type = ETHERNET, .len = 10};
	struct wt_headers headers;

	wt_headers_read(&headers, &config, frame, sizeof(frame));
	cr_expect(eq(int, headers.end, WT_HEADERS_CONTRADICTION));
	config.len = 60;
	wt_headers_read(&headers, &config, frame, sizeof(frame));
	cr_expect(eq(int, headers.end, WT_HEADERS_CUT));
	config.len = 0;
	wt_headers_read(&headers, &config, frame, sizeof(frame));
	cr_expect(eq(int, headers.end, WT_HEADERS_CUT));
}

Test(headers, a_datagram_without_a_length_ends_with_the_frame_on_the_wire)
{
	static const char frame[] = IP4("\0", "\6") TCP DATA;
	const struct wt_headers_config config = {.link_type = RAW, .len = 3000};
	struct wt_headers headers;

	wt_headers_read(&headers, &config, (const uint8_t *)frame, sizeof(frame) - 1);
	cr_expect(eq(u32, headers.ip.end, 3000));
	cr_expect(eq(u32, headers.payload_bytes, 4));
	cr_expect(eq(u32, headers.payload_wire_bytes, 3000 - 40));
}

/* `count` times `bytes`, then an end. */
static size_t repeat(uint8_t *frame, size_t at, const char *piece, size_t bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memcpy(frame + at + i * bytes, piece, bytes);
	return at + count * bytes;
}

Test(headers, any_number_of_tags_and_labels_is_passed)
{
	const struct wt_headers_config config = {.link_type = ETHERNET, .follow = ALL};
	static uint8_t frame[4096];
	struct wt_headers headers;
	size_t at = repeat(frame, 0, BYTES(MACS), 1);

	at = repeat(frame, at, BYTES(TAG("\x81\0")), 300);
	at = repeat(frame, at, BYTES("\x88\x47"), 1);
	at = repeat(frame, at, BYTES("\0\1\0\x40"), 200);
	at = repeat(frame, at, BYTES("\0\1\1\x40"), 1);
	at = repeat(frame, at, BYTES(UDP4), 1);
	wt_headers_read(&headers, &config, frame, at);
	cr_expect(eq(u8, headers.vlan_tags, 255));
	cr_expect(eq(u32, headers.network, 14 + 300 * 4));
	cr_expect(eq(u32, headers.ip.at, 14 + 300 * 4 + 201 * 4));
	cr_expect(eq(u8, headers.outer_ip.version, 0));
	cr_expect(eq(int, headers.end, WT_HEADERS_TRANSPORT));
	cr_expect(eq(u8, headers.tunnels, 1));
}

Test(headers, no_more_than_eight_tunnels_are_entered)
{
	const struct wt_headers_config config = {.link_type = RAW, .follow = ALL};
	static uint8_t frame[4096];
	struct wt_headers headers;

	for (size_t tunnels = 8; tunnels <= 9; tunnels++) {
		size_t at = repeat(frame, 0, BYTES(IP4("\xff", "\4")), tunnels);

		at = repeat(frame, at, BYTES(UDP4), 1);
		wt_headers_read(&headers, &config, frame, at);
		cr_expect(eq(u8, headers.tunnels, 8));
		cr_expect(eq(u32, headers.ip.at, 8 * 20));
		cr_expect(eq(u32, headers.outer_ip.at, 0));
		cr_expect(eq(int, headers.end,
		             tunnels == 8 ? WT_HEADERS_TRANSPORT : WT_HEADERS_TOO_DEEP));
	}
}

Test(headers, no_more_than_eight_extension_headers_are_passed)
{
	const struct wt_headers_config config = {.link_type = RAW};
	static uint8_t frame[4096];
	struct wt_headers headers;

	for (size_t extensions = 8; extensions <= 9; extensions++) {
		size_t at = repeat(frame, 0, BYTES(IP6("\xff", "\x3c")), 1);

		at = repeat(frame, at, BYTES("\x3c\0\1\4\0\0\0\0"), extensions - 1);
		at = repeat(frame, at, BYTES("\x11\0\1\4\0\0\0\0"), 1);
		at = repeat(frame, at, BYTES(UDP("\x0c") DATA), 1);
		wt_headers_read(&headers, &config, frame, at);
		cr_expect(eq(int, headers.end,
		             extensions == 8 ? WT_HEADERS_TRANSPORT : WT_HEADERS_TOO_DEEP));
	}
}

/* Whether a frame is one of those that are usual, by what was read of it. */
static bool should_be_usual(const struct row *row, const struct wt_headers *headers)
{
	bool is_tagged = headers->vlan != 0;

	return row->link_type == ETHERNET && headers->ip.version == 4 &&
	       headers->end == WT_HEADERS_TRANSPORT && headers->ip.protocol == WT_PROTOCOL_UDP &&
	       headers->ip.next == headers->ip.at + 20 && !headers->ip.fragment &&
	       headers->ip.at == (is_tagged ? 18 : 14) && !headers->tunnels;
}

Test(headers, the_usual_frames_are_told_as_the_reader_reads_them)
{
	int usuals = 0;

	for (size_t i = 0; i < ROWS; i++) {
		const uint8_t *frame = (const uint8_t *)rows[i].frame;
		struct wt_headers headers = read_bytes(&rows[i], 0, rows[i].bytes);
		struct wt_usual_udp usual;
		bool is_usual = rows[i].link_type == ETHERNET &&
		                wt_headers_usual(&usual, frame, rows[i].bytes);

		cr_expect(is_usual == should_be_usual(&rows[i], &headers), "%s", rows[i].what);
		if (!is_usual)
			continue;
		cr_expect(usual.ip == frame + headers.ip.at, "%s", rows[i].what);
		cr_expect(usual.udp == frame + headers.transport, "%s", rows[i].what);
		cr_expect(usual.payload == frame + headers.payload, "%s", rows[i].what);
		cr_expect(usual.bytes == headers.payload_bytes, "%s", rows[i].what);
		cr_expect(usual.wire_bytes == headers.payload_wire_bytes, "%s", rows[i].what);
		usuals++;
	}
	cr_assert(eq(int, usuals, 6));
}

Test(headers, a_usual_frame_may_be_cut_in_its_payload_and_have_padding)
{
	static const char frame[] = ETH4 UDP4 "\0\0\0\0";
	const uint8_t *at = (const uint8_t *)frame;
	struct wt_usual_udp usual;

	cr_assert(wt_headers_usual(&usual, at, 50));
	cr_expect(eq(u32, usual.bytes, 4));
	cr_assert(wt_headers_usual(&usual, at, 46));
	cr_expect(eq(u32, usual.bytes, 4));
	cr_expect(not(wt_headers_usual(&usual, at, 45)));
}

Test(headers, packets_in_packets_are_told_if_they_were_not_followed)
{
	static const char *const tunnels[] = {"MPLS, named",
	                                      "GRE, named",
	                                      "ERSPAN",
	                                      "IP in IP, named",
	                                      "VXLAN, named",
	                                      "Geneve",
	                                      "a pseudowire, named",
	                                      "IPv4, a later fragment of a tunnel"};
	static const char *const others[] = {"Ethernet", "PPPoE, named", "AH, named", "ESP ends it",
	                                     "MACsec",   "VXLAN",        "SCTP"};
	size_t told = 0;

	for (size_t i = 0; i < ROWS; i++) {
		struct wt_headers headers = read_bytes(&rows[i], rows[i].follow, rows[i].bytes);
		bool is_tunnelled = wt_headers_is_tunnelled(&headers);

		for (size_t k = 0; k < sizeof(tunnels) / sizeof(tunnels[0]); k++)
			if (!strcmp(rows[i].what, tunnels[k]) && ++told)
				cr_expect(is_tunnelled, "%s", rows[i].what);
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
			if (!strcmp(rows[i].what, others[k]) && ++told)
				cr_expect(is_tunnelled == false, "%s", rows[i].what);
	}
	cr_assert(eq(sz, told, 15));
}

Test(headers, links_are_known_by_their_types)
{
	static const uint16_t known[] = {0, 1, 9, 50, 51, 104, 108, 113, 166, 276};
	static const uint16_t raw[] = {12, 14, 101, 228, 229};
	size_t count = 0;

	for (uint32_t type = 0; type <= UINT16_MAX; type++)
		count += wt_headers_knows_link((uint16_t)type);
	cr_expect(eq(sz, count, 15));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		cr_expect(wt_headers_knows_link(known[i]), "%u", known[i]);
		cr_expect(not(wt_headers_is_raw_ip(known[i])), "%u", known[i]);
	}
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		cr_expect(wt_headers_knows_link(raw[i]), "%u", raw[i]);
		cr_expect(wt_headers_is_raw_ip(raw[i]), "%u", raw[i]);
	}
}
