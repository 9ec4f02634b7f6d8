/* SPDX-License-Identifier: BSD-2-Clause */

/* The same from C++, with more of the library: a reader opened by kind, a sink in
 * memory, and the recorder that wires them together. */

#include <cstdio>
#include <memory>

#include <wiretape/capture/recorder/recorder.h>

namespace
{
struct recorder_closer {
	void operator()(wt_recorder *recorder) const
	{
		wt_recorder_close(recorder);
	}
};

wt_sink *sink = nullptr; /* the recorder's */

int open_sink(void *, const char *, const wt_sink_config *config, wt_sink **opened, wt_error *)
{
	int ret = wt_sink_memory_open(opened, 0, config);

	sink = *opened;
	return ret;
}
} // namespace

int main()
{
	wt_reader_config interface = {};
	wt_recorder_config config = {};
	wt_recorder *opened = nullptr;
	wt_recorder_output output = {};
	/* A function has the same name, so it takes the word. */
	struct wt_recorder_report report;
	wt_error error = {};
	size_t length = 0;

	interface.kind = WT_READER_SIM;
	interface.interface = "sim:count=100,pps=max,size=60";
	config.interfaces = &interface;
	config.interface_count = 1;
	config.application = "consumer";
	output.open = open_sink;
	if (wt_recorder_open(&opened, &config, &error)) {
		std::fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	std::unique_ptr<wt_recorder, recorder_closer> recorder(opened);
	if (wt_recorder_run(recorder.get(), &output, &error)) {
		std::fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	wt_recorder_report(recorder.get(), &report);
	const uint8_t *bytes = wt_sink_memory_bytes(sink, &length);
	bool wrote = std::fwrite(bytes, 1, length, stdout) == length && !std::fflush(stdout);
	return wrote && report.total.seen == 100 && report.total.written == 100 ? 0 : 1;
}
