/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_check.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_output.h>
#include <wiretape/cli/stamp/stamp_face.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/net_tstamp.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>

enum { LABEL_COLUMNS = 15, COLUMNS = 80, QDISC_BYTES = 200 };

/* The kernel allows an interface's name nearly any byte, and a terminal obeys some. */
static int put_word(FILE *out, const char *word, int length)
{
	for (int i = 0; i < length; i++)
		fputc((unsigned char)word[i] < ' ' || word[i] == 0x7f ? '?' : word[i], out);
	return length;
}

/* A label, and what it stands for in as many lines as that takes. */
static void print_item(FILE *out, const char *label, const char *text)
{
	int column = fprintf(out, "  %-*s", LABEL_COLUMNS - 2, label);
	bool first = true;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (!first && column + 1 + length > COLUMNS)
			column = fprintf(out, "\n%*s", LABEL_COLUMNS, "") - 1;
		else if (!first)
			column += fprintf(out, " ");
		column += put_word(out, text, length);
		text += length + (text[length] == ' ');
		first = false;
	}
	fputc('\n', out);
}

static void print_link(FILE *out, const struct wt_link *link)
{
	const char *carrier = link->flags & IFF_RUNNING ? "up" : "up without carrier";
	char speed[40] = "speed unknown", text[160];

	if (link->speed_bps)
		snprintf(speed, sizeof(speed), "%" PRIu64 " Mbit/s", link->speed_bps / 1000000);
	snprintf(text, sizeof(text), "%s, %s%s, MTU %" PRIu32 ", %s",
	         link->flags & IFF_UP ? carrier : "down",
	         link->driver[0] ? "driver " : "driver unknown", link->driver, link->mtu, speed);
	print_item(out, "link", text);
}

static void print_stamps(FILE *out, const struct wt_launch_check *check)
{
	const struct wt_stamp_active *active = &check->stamping.active;
	uint32_t so = check->stamping.supported.so_timestamping;
	bool hardware = so & SOF_TIMESTAMPING_TX_HARDWARE,
	     software = so & SOF_TIMESTAMPING_TX_SOFTWARE;
	const char *now = "";
	char text[160];

	if (check->stamping_error) {
		print_item(out, "tx stamps", check->stamping_text);
		return;
	}
	if (hardware && active->error)
		now = " (whether they are on is not told)";
	else if (hardware)
		now = active->tx_type == HWTSTAMP_TX_OFF ? " (off now)" : " (on now)";
	snprintf(text, sizeof(text), "%s%s%s%s", hardware ? "hardware" : "", now,
	         hardware && software ? ", " : "", software ? "software" : "");
	print_item(out, "tx stamps", text[0] ? text : "none: when packets leave cannot be told");
}

/* "-37.000000001 s" */
static const char *seconds_text(char text[40], int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(text, 40, "%s%" PRIu64 ".%09" PRIu64 " s", ns < 0 ? "-" : "+",
	         size / (uint64_t)NS_PER_S, size % (uint64_t)NS_PER_S);
	return text;
}

static void print_phc(FILE *out, const struct wt_launch_check *check)
{
	struct wt_launch_clocks clocks = wt_launch_check_clocks(check);
	char utc[40], tai[40], text[256];

	if (check->phc_error) {
		print_item(out, "NIC's clock",
		           check->phc_error == -EOPNOTSUPP && !check->phc_device[0]
		                   ? "none"
		                   : check->phc_text);
		return;
	}
	seconds_text(utc, clocks.phc_minus_utc_ns);
	seconds_text(tai, wt_launch_phc_minus_tai(&clocks));
	snprintf(text, sizeof(text), "%s: PHC - UTC %s, PHC - TAI %s, bracket %" PRId64 " ns (%s)",
	         check->phc_device, utc, clocks.tai_offset_s ? tai : "unknown",
	         check->cross.bracket_ns, wt_cross_method_name(check->cross.method));
	print_item(out, "NIC's clock", text);
}

static void print_tai(FILE *out, const struct wt_launch_check *check)
{
	char text[160];

	if (check->tai_error)
		snprintf(text, sizeof(text), "unknown: %s", strerror(-check->tai_error));
	else if (check->tai_offset_s)
		snprintf(text, sizeof(text), "%d s", check->tai_offset_s);
	else
		snprintf(text, sizeof(text),
		         "not told to the kernel: its CLOCK_TAI shows UTC; ptp4l with phc2sys, or "
		         "chronyd with leapsectz, tell it");
	print_item(out, "TAI - UTC", text);
}

/* Details that distinguish qdiscs of one kind; "" if none. */
static void details_text(char text[QDISC_BYTES], const struct wt_qdisc *qdisc)
{
	const struct wt_qdisc_etf *etf = &qdisc->etf;
	const struct wt_qdisc_taprio *taprio = &qdisc->taprio;
	char clock[WT_LAUNCH_CLOCK_BYTES];

	text[0] = '\0';
	if (qdisc->has_options && qdisc->kind == WT_QDISC_ETF)
		snprintf(text, QDISC_BYTES, ", %s, delta %" PRId32 " ns%s%s%s",
		         wt_launch_clock_name(etf->clock, clock), etf->delta_ns,
		         etf->offload ? ", offload" : "", etf->deadline ? ", deadline mode" : "",
		         etf->skip_sock_check ? ", skip_sock_check" : "");
	if (qdisc->has_options && qdisc->kind == WT_QDISC_FQ)
		snprintf(text, QDISC_BYTES,
		         ", CLOCK_MONOTONIC, horizon %.3f s%s, flow limit %" PRIu32 " packets",
		         (double)qdisc->fq.horizon_ns / 1e9,
		         qdisc->fq.horizon_drop ? " (drop)" : "", qdisc->fq.flow_limit_packets);
	if (qdisc->has_options && qdisc->kind == WT_QDISC_TAPRIO)
		snprintf(text, QDISC_BYTES, ", %s, cycle %" PRId64 " ns%s%s",
		         taprio->has_clock ? wt_launch_clock_name(taprio->clock, clock)
		                           : "the NIC's clock",
		         taprio->cycle_time_ns, taprio->txtime_assist ? ", txtime-assist" : "",
		         taprio->full_offload ? ", full offload" : "");
}

static bool are_alike(const struct wt_qdisc *a, const struct wt_qdisc *b)
{
	char text_a[QDISC_BYTES], text_b[QDISC_BYTES];

	if (strcmp(a->name, b->name) || TC_H_MAJ(a->parent) != TC_H_MAJ(b->parent))
		return false;
	details_text(text_a, a);
	details_text(text_b, b);
	return !strcmp(text_a, text_b);
}

static size_t count_alike(const struct wt_qdisc *qdiscs, size_t count, const struct wt_qdisc *to)
{
	size_t alike = 0;

	for (size_t i = 0; i < count; i++)
		alike += are_alike(&qdiscs[i], to);
	return alike;
}

/* Queues with the same qdisc share a line: a NIC has up to hundreds. */
static void print_qdiscs(FILE *out, const struct wt_qdisc_list *list)
{
	char details[QDISC_BYTES], handle[WT_QDISC_HANDLE_BYTES], parent[WT_QDISC_HANDLE_BYTES];
	char text[QDISC_BYTES + 80];

	for (size_t i = 0; i < list->count; i++) {
		const struct wt_qdisc *qdisc = &list->items[i];
		size_t alike = count_alike(qdisc, list->count - i, qdisc);
		size_t used;

		if (count_alike(list->items, i, qdisc))
			continue;
		details_text(details, qdisc);
		used = (size_t)snprintf(text, sizeof(text), "%s %s at %s%s", qdisc->name,
		                        wt_qdisc_handle_text(qdisc->handle, handle),
		                        wt_qdisc_handle_text(qdisc->parent, parent), details);
		if (alike > 1 && used < sizeof(text))
			snprintf(text + used, sizeof(text) - used, ", and %zu more like it",
			         alike - 1);
		print_item(out, i ? "" : "qdiscs", text);
	}
	if (!list->count)
		print_item(out, "qdiscs", "none");
}

static void print_launch(FILE *out, const struct wt_launch_check *check)
{
	const struct wt_launch *launch = &check->launch;
	char text[WT_LAUNCH_CLOCK_BYTES + 20], clock[WT_LAUNCH_CLOCK_BYTES];

	print_item(out, "launch times", launch->text);
	if (launch->gates)
		print_item(out, "",
		           "taprio has gates: a packet whose time is outside of its gate's is "
		           "dropped or waits");
	snprintf(text, sizeof(text), "accepted with %s",
	         wt_launch_clock_name(check->txtime_clock, clock));
	print_item(out, "SO_TXTIME", check->txtime_error ? check->txtime_text : text);
	if (check->clocks_text[0])
		print_item(out, "clocks", check->clocks_text);
}

/* Print it in one piece, to be copied. */
static void print_command(FILE *out, const char *command)
{
	fputs("    ", out);
	put_word(out, command, (int)strlen(command));
	fputc('\n', out);
}

static void print_setups(FILE *out, const struct wt_launch_check *check)
{
	struct wt_replay_setup setup;

	fprintf(out,
	        "\nTo have launch times honoured, as root. Whether this kernel has these qdiscs "
	        "shows\n"
	        "when they are tried: \"Specified qdisc kind is unknown\" means that it does not;\n"
	        "modprobe sch_etf (sch_fq, sch_mqprio) loads those that come as modules.\n\n");
	for (size_t i = 0; wt_replay_setup(check, i, &setup); i++) {
		print_item(out, setup.name, setup.what);
		for (int j = 0; j < WT_SETUP_COMMANDS && setup.commands[j][0]; j++)
			print_command(out, setup.commands[j]);
	}
}

void wt_replay_check_print(FILE *out, const struct wt_launch_check *check)
{
	char why[400];
	bool txtime = wt_launch_check_auto(check, why, sizeof(why));

	put_word(out, check->link.name, (int)strlen(check->link.name));
	fputc('\n', out);
	print_link(out, &check->link);
	print_stamps(out, check);
	print_phc(out, check);
	print_tai(out, check);
	if (!check->qdisc_error)
		print_qdiscs(out, &check->qdiscs);
	print_launch(out, check);
	print_setups(out, check);
	fprintf(out, "\n--pace auto takes %s: ", txtime ? "txtime" : "spin");
	put_word(out, why, (int)strlen(why));
	fputc('\n', out);
}

static int sim_link(struct wt_launch_system *launch_system, const char *interface,
                    struct wt_link *link, struct wt_error *err)
{
	(void)launch_system;
	(void)err;
	*link = (struct wt_link){.driver = "simulated", .flags = IFF_UP | IFF_RUNNING};
	snprintf(link->name, sizeof(link->name), "%.15s", interface);
	link->mtu = 1500;
	return 0;
}

static int sim_qdiscs(struct wt_launch_system *launch_system, struct wt_qdisc_list *list, int index)
{
	(void)launch_system;
	(void)list;
	(void)index;
	return 0;
}

static void init_system(struct wt_launch_system *launch_system, const struct wt_stamp_nic *nic)
{
	wt_launch_system_init(launch_system);
	launch_system->system = nic->system;
	if (!nic->simulated)
		return;
	launch_system->link = sim_link;
	launch_system->qdiscs = sim_qdiscs;
}

static int check_and_print(const struct wt_stamp_nic *nic, bool json)
{
	struct wt_launch_system launch_system;
	struct wt_launch_check check;
	struct wt_error err = {0};
	int rc;

	init_system(&launch_system, nic);
	rc = wt_launch_check_read(&check, &launch_system, nic->interface, WT_LAUNCH_ANY_PRIORITY,
	                          &err);
	if (rc)
		wt_cli_complain("%s", err.text);
	else if (json)
		wt_json_print(stdout, &wt_replay_check_document, &check, NULL);
	else
		wt_replay_check_print(stdout, &check);
	wt_launch_check_close(&check);
	return rc ? WT_EXIT_FAILURE : wt_cli_flush();
}

int wt_replay_check(const char *interface, bool json)
{
	struct wt_stamp_nic nic;
	struct wt_error err = {0};
	int exit_code, rc = wt_stamp_nic_open(&nic, interface, &err);

	if (rc == -EINVAL)
		return wt_cli_usage("replay", "%s", err.text);
	if (rc) {
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	exit_code = check_and_print(&nic, json);
	wt_stamp_nic_close(&nic);
	return exit_code;
}
