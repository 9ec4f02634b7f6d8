/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/timex.h>

#include <wiretape/stamp/system.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

static struct wt_system *kernel;

static void set_up(void)
{
	kernel = wt_kernel_system();
}

TestSuite(kernel_system, .init = set_up);

Test(kernel_system, clocks_are_the_kernels)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC};
	struct timespec first, last;
	int64_t ns;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		clock_gettime(clocks[i], &first);
		cr_assert(eq(int, kernel->ops->clock(kernel, clocks[i], &ns), 0));
		clock_gettime(clocks[i], &last);
		cr_expect(ge(i64, ns, first.tv_sec * INT64_C(1000000000) + first.tv_nsec));
		cr_expect(le(i64, ns, last.tv_sec * INT64_C(1000000000) + last.tv_nsec));
	}
	cr_expect(eq(int, kernel->ops->clock(kernel, 999, &ns), -EINVAL));
}

Test(kernel_system, tai_offset_is_what_adjtimex_knows)
{
	struct timex timex = {0};
	int seconds = -1;

	cr_assert(ge(int, adjtimex(&timex), 0));
	cr_assert(eq(int, kernel->ops->tai_offset(kernel, &seconds), 0));
	cr_expect(eq(int, seconds, timex.tai));
}

Test(kernel_system, descriptors_are_opened_asked_and_closed)
{
	struct ptp_clock_caps caps;
	int fd = kernel->ops->open(kernel, "/dev/null");

	cr_assert(ge(int, fd, 0));
	cr_expect(eq(int, kernel->ops->ioctl(kernel, fd, PTP_CLOCK_GETCAPS, &caps), -ENOTTY));
	kernel->ops->close(kernel, fd);
	cr_expect(eq(int, kernel->ops->ioctl(kernel, fd, PTP_CLOCK_GETCAPS, &caps), -EBADF));
	cr_expect(eq(int, kernel->ops->open(kernel, "/dev/there/is/none"), -ENOENT));
}

Test(kernel_system, interfaces_are_asked_in_the_own_namespace)
{
	struct ifreq arg = {.ifr_name = "wt_a"};
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	cr_assert(eq(int, kernel->ops->interface_ioctl(kernel, SIOCGIFFLAGS, &arg), 0));
	cr_expect_neq(arg.ifr_flags & IFF_UP, 0);
	strcpy(arg.ifr_name, "wt_c");
	cr_expect(eq(int, kernel->ops->interface_ioctl(kernel, SIOCGIFFLAGS, &arg), -ENODEV));
}

Test(kernel_system, tsinfo_is_attributes_only)
{
	char payload[1024];
	uint16_t first_type;
	ssize_t length = kernel->ops->tsinfo(kernel, "lo", payload, sizeof(payload));

	if (length == -EOPNOTSUPP)
		cr_skip_test("the kernel has no ethtool netlink");
	cr_assert_gt(length, 4, "tsinfo of lo: %zd", length);
	memcpy(&first_type, payload + 2, sizeof(first_type));
	cr_expect(eq(int, first_type & 0x3fff, 1), "no header attribute");
	cr_expect_eq(kernel->ops->tsinfo(kernel, "lo", payload, (size_t)length), length);
	cr_expect_eq(kernel->ops->tsinfo(kernel, "lo", payload, (size_t)length - 1), -EMSGSIZE);
}

Test(kernel_system, tsinfo_of_what_is_not_there)
{
	static const char *const names[] = {"wt_none", "", "a-name-that-is-too-long-for-any"};
	char payload[1024];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ssize_t length = kernel->ops->tsinfo(kernel, names[i], payload, sizeof(payload));

		if (length == -EOPNOTSUPP)
			cr_skip_test("the kernel has no ethtool netlink");
		cr_expect_eq(length, -ENODEV, "'%s': %zd", names[i], length);
	}
}
