/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/file_filter.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#include <wiretape/base/grow.h>
#include <wiretape/base/identity.h>
#include <wiretape/packet/filter_job.h>
#include <wiretape/packet/link_type.h>

enum { FILTER_SNAPLEN = 262144 };

/* The filter compiled for one link type. */
struct program {
	uint16_t link_type;
	bool is_compiled; /* if not: `why` */
	struct bpf_program code;
	struct wt_error why;
};

struct wt_file_filter {
	const char *expression;
	const struct wt_patience *patience; /* NULL: it never ends */
	struct program *programs;
	size_t count, room;
	size_t latest;                  /* that was asked for */
	struct wt_identity_table known; /* link types: the number of their program + 1 */
	size_t compiled;                /* of the programs */
	struct wt_error why;            /* where one was not, first */
};

static int no_memory(struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory for the filter");
}

/* Compile for one link type: 0, or the error of wt_filter_job(). */
static int compile(const struct wt_file_filter *filter, struct bpf_program *code, int dlt,
                   bool optimize, struct wt_error *err)
{
	pcap_t *handle = pcap_open_dead(dlt, FILTER_SNAPLEN);

	return handle ? wt_filter_job(code, handle, filter->expression, optimize, filter->patience,
	                              err)
	              : no_memory(err);
}

/* Refuse nonsense before anything is read, not at the first packet. */
static int refuse_nonsense(const struct wt_file_filter *filter, struct wt_error *err)
{
	enum { DLT_END = 512 };
	struct bpf_program code;
	struct wt_error why = {0}, latest;
	int rc = compile(filter, &code, DLT_EN10MB, false, &why);

	latest = why;
	for (int dlt = 0; rc == -EINVAL && dlt < DLT_END; dlt++)
		if (pcap_datalink_val_to_name(dlt))
			rc = compile(filter, &code, dlt, false, &latest);
	if (rc == -EINVAL)
		return wt_error_set(err, rc, "filter '%.200s': %s", filter->expression, why.text);
	if (rc)
		return wt_error_set(err, rc, "%s", latest.text);
	pcap_freecode(&code);
	return 0;
}

int wt_file_filter_create(struct wt_file_filter **filter, const char *expression,
                          const struct wt_patience *patience, struct wt_error *err)
{
	struct wt_file_filter *created = calloc(1, sizeof(*created));
	int rc;

	if (!created)
		return no_memory(err);
	created->expression = expression;
	created->patience = patience;
	rc = refuse_nonsense(created, err);
	if (rc)
		free(created);
	else
		*filter = created;
	return rc;
}

static int add_program(struct wt_file_filter *filter, uint16_t link_type, struct wt_error *err)
{
	struct program *program = wt_grow((void **)&filter->programs, &filter->count, &filter->room,
	                                  sizeof(*program));
	int rc;

	if (!program)
		return no_memory(err);
	program->link_type = link_type;
	rc = compile(filter, &program->code, wt_link_type_dlt(link_type), true, &program->why);
	if (rc && rc != -EINVAL)
		return wt_error_set(err, rc, "%s", program->why.text);
	program->is_compiled = !rc;
	filter->compiled += !rc;
	return 0;
}

static int find_program(struct wt_file_filter *filter, uint16_t link_type,
                        const struct program **program, struct wt_error *err)
{
	uint32_t *number;
	int rc = 0;

	if (!filter->count || filter->programs[filter->latest].link_type != link_type) {
		rc = wt_identity_note(&filter->known, wt_identity_of(&link_type, sizeof(link_type)),
		                      &number);
		if (rc < 0)
			return no_memory(err);
		rc = *number ? 0 : add_program(filter, link_type, err);
		if (rc)
			return rc;
		if (!*number)
			*number = (uint32_t)filter->count;
		filter->latest = *number - 1;
	}
	*program = &filter->programs[filter->latest];
	return 0;
}

static void note_unfiltered(struct wt_file_filter *filter, const struct program *program,
                            const struct wt_pcapng_item *item, const char *name,
                            struct wt_unfiltered *unfiltered)
{
	const char *type = pcap_datalink_val_to_name(wt_link_type_dlt(program->link_type));

	if (!unfiltered->packets++)
		wt_error_set(
		        &unfiltered->why, -EINVAL,
		        "filter '%.100s' on link type %s (%u) of interface %u%s%.64s%s, packet "
		        "at offset %llu: %s",
		        filter->expression, type ? type : "unknown", program->link_type,
		        item->packet.interface_id, name ? " (" : "", name ? name : "",
		        name ? ")" : "", (unsigned long long)item->offset, program->why.text);
	if (!filter->why.code)
		filter->why = unfiltered->why;
}

int wt_file_filter_passes(struct wt_file_filter *filter, const struct wt_pcapng_item *item,
                          const char *interface_name, struct wt_unfiltered *unfiltered,
                          struct wt_error *err)
{
	const struct wt_frame *frame = &item->packet.frame;
	const struct pcap_pkthdr header = {.caplen = frame->caplen, .len = frame->len};
	const struct program *program = NULL;
	int rc = find_program(filter, item->packet.link_type, &program, err);

	if (rc)
		return rc;
	if (program->is_compiled)
		return pcap_offline_filter(&program->code, &header, frame->data) != 0;
	note_unfiltered(filter, program, item, interface_name, unfiltered);
	return 0;
}

int wt_file_filter_check(const struct wt_file_filter *filter, struct wt_error *err)
{
	if (!filter->count || filter->compiled)
		return 0;
	return wt_error_set(err, -EINVAL, "%s", filter->why.text);
}

void wt_file_filter_destroy(struct wt_file_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->count; i++)
		if (filter->programs[i].is_compiled)
			pcap_freecode(&filter->programs[i].code);
	wt_identity_clear(&filter->known);
	free(filter->programs);
	free(filter);
}
