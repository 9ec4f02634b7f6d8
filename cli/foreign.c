/* SPDX-License-Identifier: BSD-2-Clause */
#include "foreign.h"

#include <stddef.h>
#include <string.h>

static const char packets_in_a_file[] =
        "is done by tcpdump itself: wiretape cut FILE -w - | tcpdump -r -";
static const char at_once[] = "is not needed: packets reach the file within a second";
static const char whole_rates[] = "is -t pps:N here";

static const struct wt_foreign all[] = {
        {"record", "-n", "tcpdump", "no names for addresses",
         "is not needed: nothing is looked up"},
        {"record", "-r", "tcpdump", "read a file", packets_in_a_file},
        {"record", "-A", "tcpdump", "print packets", packets_in_a_file},
        {"record", "-X", "tcpdump", "print packets", packets_in_a_file},
        {"record", "-x", "tcpdump", "print packets", packets_in_a_file},
        {"record", "-e", "tcpdump", "print link headers", packets_in_a_file},
        {"record", "-t", "tcpdump", "print times another way", packets_in_a_file},
        {"record", "-C", "tcpdump", "a new file at N million bytes", "is -b filesize:NMB here"},
        {"record", "-G", "tcpdump", "a new file after N seconds",
         "is -b duration:N here, or at multiples of the clock -b interval:N"},
        {"record", "-W", "tcpdump", "keep N files", "is -b files:N here"},
        {"record", "-z", "tcpdump", "run a command on each file", "is --on-close COMMAND here"},
        {"record", "-Z", "tcpdump", "go on as another user",
         "has no counterpart: give the program its capabilities (setcap) and start it as that "
         "user"},
        {"record", "-B", "tcpdump", "the buffer in KiB",
         "is --ring SIZE here, such as --ring 64MiB"},
        {"record", "-j", "tcpdump", "the kind of stamp", "is --stamp sw|hw|auto here"},
        {"record", "-J", "tcpdump", "list kinds of stamps", "is 'wiretape stamp caps IFACE' here"},
        {"record", "--time-stamp-precision", "tcpdump", "us or ns",
         "is not needed: stamps are in ns"},
        {"record", "-Q", "tcpdump", "a direction",
         "is a word of the filter here: inbound or outbound, where the kernel can"},
        {"record", "-U", "tcpdump", "write each packet at once", at_once},
        {"record", "-l", "tcpdump", "print each line at once", at_once},
        {"record", "--immediate-mode", "tcpdump", "deliver each packet at once",
         "is --retire-timeout MS here, or --reader v2"},
        {"record", "-y", "tcpdump", "the link type",
         "has no counterpart: an interface has one link type here"},
        {"record", "-L", "tcpdump", "list link types",
         "has no counterpart: an interface has one link type here"},
        {"record", "-I", "tcpdump", "monitor mode",
         "has no counterpart: set it first, iw dev IFACE set type monitor"},
        {"record", "-S", "dumpcap", "statistics every second", "is --stats N here"},
        {"record", "-g", "dumpcap", "let the group read the files", "is --mode 640 here"},
        {"record", "-P", "dumpcap", "write pcap",
         "has no counterpart: editcap -F pcap makes one of a pcapng file"},
        {"record", "-k", "dumpcap", "the channel of a wireless interface",
         "has no counterpart: set it first, iw dev IFACE set channel"},
        {"record", "--temp-dir", "dumpcap", "where a file without a name goes",
         "is not needed: -w names the file"},

        {"replay", "-x", "tcpreplay", "N times as fast", "is -t speed:N here"},
        {"replay", "--multiplier", "tcpreplay", "N times as fast", "is -t speed:N here"},
        {"replay", "-p", "tcpreplay", "packets a second", whole_rates},
        {"replay", "--pps", "tcpreplay", "packets a second", whole_rates},
        {"replay", "-M", "tcpreplay", "megabits a second", "is -t mbps:N here"},
        {"replay", "--mbps", "tcpreplay", "megabits a second", "is -t mbps:N here"},
        {"replay", "-t", "tcpreplay", "as fast as possible", "is -t asap here"},
        {"replay", "--topspeed", "tcpreplay", "as fast as possible", "is -t asap here"},
        {"replay", "-T", "tcpreplay", "the timer to wait with",
         "is --pace auto|spin|sleep|txtime here"},
        {"replay", "--timer", "tcpreplay", "the timer to wait with",
         "is --pace auto|spin|sleep|txtime here"},
        {"replay", "-L", "tcpreplay", "N packets at most", "is -c N here"},
        {"replay", "--limit", "tcpreplay", "N packets at most", "is -c N here"},
        {"replay", "-K", "tcpreplay", "read it all before sending",
         "is --buffer SIZE here, which is filled before the first packet"},
        {"replay", "--preload-pcap", "tcpreplay", "read it all before sending",
         "is --buffer SIZE here, which is filled before the first packet"},
        {"replay", "-I", "tcpreplay", "the second interface",
         "is -m FROM=IFACE here, for packets of the file's interface FROM"},
        {"replay", "--intf1", "tcpreplay", "the interface", "is -i IFACE here"},
        {"replay", "--intf2", "tcpreplay", "the second interface",
         "is -m FROM=IFACE here, for packets of the file's interface FROM"},
        {"replay", "--maxsleep", "tcpreplay", "the longest gap", "is --max-gap TIME here"},
        {"replay", "-n", "tcpreplay", "no packets to interface 2", "is -m FROM=- here"},
        {"replay", "-C", "tcprewrite", "right checksums", "is --fix-checksums here"},
        {"replay", "--fixcsum", "tcprewrite", "right checksums", "is --fix-checksums here"},
        {"replay", "-e", "tcprewrite", "new endpoints", "is -r src-ip=NEW -r dst-ip=NEW here"},
        {"replay", "-N", "tcprewrite", "new addresses", "is -r ip:OLD=NEW here"},
        {"replay", "-S", "tcprewrite", "new source addresses", "is -r src-ip:OLD=NEW here"},
        {"replay", "-D", "tcprewrite", "new destination addresses", "is -r dst-ip:OLD=NEW here"},

        {"generate", "-t", "tcpreplay", "as fast as possible", "is -p max here"},
        {"generate", "-M", "tcpreplay", "megabits a second",
         "is -p N here, packets a second; or 'wiretape replay gen: -t mbps:N'"},
        {"cut", "-r", "tcpdump", "the file to read", "is FILE without an option here"},
        {"cut", "-A", "editcap", "from a time on", "is --from TIME here"},
        {"cut", "-B", "editcap", "up to a time", "is --to TIME here"},
        {"cut", "-a", "mergecap", "files one after the other",
         "has no counterpart: several FILEs are merged by stamp"},
        {"cut", "-F", "editcap", "the format", "has no counterpart: it is pcapng"},
        {"cut", "-Y", "tshark", "a display filter", "is -f FILTER here, as in man pcap-filter"},
        {"info", "-r", "tcpdump", "the file to read", "is FILE without an option here"},
        {"info", "-T", "capinfos", "a table", "is --json here"},
        {"info", "-M", "capinfos", "numbers for machines", "is --json here"},
        {"check", "-r", "tcpdump", "the file to read", "is FILE without an option here"},
        {"feeds", "-r", "tcpdump", "the file to read", "is FILE without an option here"},
        {"stamp caps", "-T", "ethtool", "what an interface can stamp",
         "is not needed: that is what this command does"},
        {"stamp latency", "-c", "tcpdump", "N packets at most", "is -n N here"},
};

const struct wt_foreign *wt_foreign_find(const char *command, const char *option)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].command, command) && !strcmp(all[i].option, option))
			return &all[i];
	return NULL;
}
