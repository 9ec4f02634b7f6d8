/* SPDX-License-Identifier: BSD-2-Clause */

/* The library from C++: records simulated packets into the file that is named, counts them in a
 * callback, and reads the file again; then into memory. */

#include <cstdio>
#include <memory>
#include <string>

#include <poll.h>

#include <wiretape/files.h>
#include <wiretape/record.h>

namespace
{
struct closer {
	void operator()(wt_record *record) const
	{
		wt_record_close(record);
	}
	void operator()(wt_files *files) const
	{
		wt_files_close(files);
	}
};

int complain(const wt_error &error)
{
	std::fprintf(stderr, "%s\n", error.text);
	return 1;
}

void on_frames(void *context, uint32_t, uint32_t, const wt_frame *, size_t count)
{
	*static_cast<uint64_t *>(context) += count;
}

ptrdiff_t on_bytes(void *context, uint32_t, const void *bytes, size_t length)
{
	static_cast<std::string *>(context)->append(static_cast<const char *>(bytes), length);
	return static_cast<ptrdiff_t>(length);
}

/* The same packets into memory, in a loop of one's own, with a deadline that is never near. */
bool records_into_memory(wt_record_config config)
{
	std::string bytes;
	wt_error error = {};
	wt_record *opened = nullptr;
	wt_record_entry entries[WT_RECORD_ENTRIES];

	config.path = nullptr;
	config.on_frames = nullptr;
	config.on_bytes = on_bytes;
	config.context = &bytes;
	if (wt_record_open(&opened, &config, &error))
		return complain(error) == 0;
	std::unique_ptr<wt_record, closer> record(opened);
	pollfd wait = {wt_record_fd(opened), POLLIN, 0};
	if (wt_record_begin(opened, &error))
		return complain(error) == 0;
	wt_record_resume(opened);
	for (;;) {
		enum wt_record_step step = wt_record_step(opened);
		if (step == WT_STEP_ENDED)
			break;
		if (step == WT_STEP_WAIT)
			poll(&wait, 1, -1);
	}
	wt_record_stop_by(opened, INT64_MAX);
	int count = wt_record_ledger(opened, WT_ALL_INTERFACES, entries, WT_RECORD_ENTRIES);
	return !wt_record_result(opened, &error) && count > 2 && entries[0].value == 100 &&
	       bytes.size() > 100 * 60;
}
} // namespace

int main(int argc, char **argv)
{
	uint64_t called = 0, read = 0;
	wt_error error = {};
	wt_record_interface interface = {};
	wt_record_config config = {};
	wt_record *opened = nullptr;

	if (argc < 2)
		return 2;
	interface.size = sizeof(interface);
	interface.name = "sim:count=100,pps=max,size=60";
	interface.reader = WT_READER_SIM;
	config.size = sizeof(config);
	config.interfaces = &interface;
	config.interface_count = 1;
	config.path = argv[1];
	config.on_frames = on_frames;
	config.context = &called;
	if (wt_record_open(&opened, &config, &error))
		return complain(error);
	std::unique_ptr<wt_record, closer> record(opened);
	if (wt_record_run(record.get(), &error))
		return complain(error);

	const char *path = argv[1];
	wt_files_config what = {};
	wt_files *found = nullptr;
	wt_files_packet packet = {};
	what.size = sizeof(what);
	what.paths = &path;
	what.path_count = 1;
	packet.size = sizeof(packet);
	if (wt_files_open(&found, &what, &error))
		return complain(error);
	std::unique_ptr<wt_files, closer> files(found);
	while (wt_files_next(files.get(), &packet, &error) > 0)
		read++;
	return called == 100 && read == 100 && records_into_memory(config) ? 0 : 1;
}
