/* SPDX-License-Identifier: BSD-2-Clause */

/* The library from C++: records simulated packets into the file that is named, counts them in a
 * callback, and reads the file again. */

#include <cstdio>
#include <memory>

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

void on_frames(void *context, uint32_t, const wt_frame *, size_t count)
{
	*static_cast<uint64_t *>(context) += count;
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
	return called == 100 && read == 100 ? 0 : 1;
}
