/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/sim_nic.h>
#include <wiretape/tests/support/system_double.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

enum {
	SOFTWARE = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	           SOF_TIMESTAMPING_SOFTWARE,
	HARDWARE = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
	           SOF_TIMESTAMPING_RAW_HARDWARE,
	OFF_ON = 1 << HWTSTAMP_TX_OFF | 1 << HWTSTAMP_TX_ON,
};
#define FILTER(name) (1 << HWTSTAMP_FILTER_##name)

static struct wt_sim_nic *nic;
static struct system_double before;
static struct wt_stamp_capabilities capabilities;
static struct wt_stamp_supported supported;
static struct wt_error err;

static void tear_down(void)
{
	wt_sim_nic_destroy(nic);
}

TestSuite(capabilities, .fini = tear_down);

/* Judgement */

static const struct {
	enum wt_ptp_verdict verdict;
	uint32_t so, tx, rx;
	const char *says;
} judgements[] = {
        {WT_PTP_HARDWARE, HARDWARE | SOFTWARE, OFF_ON, FILTER(NONE) | FILTER(ALL), "filter all"},
        {WT_PTP_HARDWARE, HARDWARE, OFF_ON, FILTER(PTP_V2_L4_EVENT), "filter ptpv2-l4-event"},
        {WT_PTP_HARDWARE, HARDWARE, OFF_ON, FILTER(PTP_V2_EVENT) | FILTER(PTP_V2_L4_EVENT),
         "filter ptpv2-event"},
        {WT_PTP_HARDWARE, HARDWARE, 1 << HWTSTAMP_TX_ONESTEP_SYNC, FILTER(ALL), "filter all"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, OFF_ON, FILTER(NONE) | FILTER(PTP_V2_L2_EVENT),
         "over Ethernet only"},
        {WT_PTP_NONE, HARDWARE, OFF_ON, FILTER(PTP_V2_L2_EVENT) | FILTER(PTP_V2_L2_SYNC),
         "over Ethernet only"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, OFF_ON,
         FILTER(PTP_V2_L4_SYNC) | FILTER(PTP_V2_L4_DELAY_REQ), "one kind of PTPv2 message"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, OFF_ON, FILTER(PTP_V2_SYNC), "one kind of PTPv2"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, OFF_ON, FILTER(PTP_V1_L4_EVENT) | FILTER(NTP_ALL),
         "none of its rx filters"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, OFF_ON, FILTER(SOME), "none of its rx filters"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, OFF_ON, FILTER(NONE), "no rx filter"},
        {WT_PTP_SOFTWARE, HARDWARE | SOFTWARE, 1 << HWTSTAMP_TX_OFF, FILTER(ALL), "no tx type"},
        {WT_PTP_SOFTWARE, (HARDWARE & ~SOF_TIMESTAMPING_TX_HARDWARE) | SOFTWARE, OFF_ON,
         FILTER(ALL), "received packets only"},
        {WT_PTP_SOFTWARE, (HARDWARE & ~SOF_TIMESTAMPING_RX_HARDWARE) | SOFTWARE, OFF_ON,
         FILTER(ALL), "sent packets only"},
        {WT_PTP_SOFTWARE, (HARDWARE & ~SOF_TIMESTAMPING_RAW_HARDWARE) | SOFTWARE, OFF_ON,
         FILTER(ALL), "does not hand out"},
        {WT_PTP_SOFTWARE, SOFTWARE, 0, 0, "no hardware stamps; software stamps all"},
        {WT_PTP_NONE, 0, 0, 0, "no software stamps either"},
        {WT_PTP_NONE, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, 0, 0,
         "software stamps are for received packets only"},
        {WT_PTP_NONE, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, 0, 0,
         "software stamps are for sent packets only"},
        {WT_PTP_NONE, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE, 0, 0,
         "cannot be asked for"},
};

Test(capabilities, the_verdict_follows_from_what_is_supported)
{
	char reason[256];

	for (size_t i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++) {
		enum wt_ptp_verdict verdict;

		supported = (struct wt_stamp_supported){.so_timestamping = judgements[i].so,
		                                        .tx_types = judgements[i].tx,
		                                        .rx_filters = judgements[i].rx};
		verdict = wt_stamp_judge(&supported, reason, sizeof(reason));
		cr_expect(eq(int, (int)verdict, (int)judgements[i].verdict), "%zu: %s", i, reason);
		cr_expect_not_null(strstr(reason, judgements[i].says), "%zu: '%s' without '%s'", i,
		                   reason, judgements[i].says);
		cr_expect(lt(sz, strlen(reason), sizeof(reason) - 1));
	}
}

Test(capabilities, a_reason_is_cut_off_where_there_is_no_room)
{
	char reason[8];

	supported = (struct wt_stamp_supported){0};
	cr_expect(
	        eq(int, (int)wt_stamp_judge(&supported, reason, sizeof(reason)), (int)WT_PTP_NONE));
	cr_expect(eq(sz, strlen(reason), 7));
}

/* Names */

Test(capabilities, every_bit_of_the_kernel_has_its_name)
{
	for (unsigned bit = 0; bit < 19; bit++)
		cr_expect_not_null(wt_so_timestamping_name(bit), "bit %u", bit);
	cr_expect_null(wt_so_timestamping_name(19));
	cr_expect_null(wt_so_timestamping_name(UINT32_MAX));
	for (unsigned type = 0; type < __HWTSTAMP_TX_CNT; type++)
		cr_expect_not_null(wt_tx_type_name(type), "tx type %u", type);
	cr_expect_null(wt_tx_type_name(__HWTSTAMP_TX_CNT));
	for (unsigned filter = 0; filter < __HWTSTAMP_FILTER_CNT; filter++)
		cr_expect_not_null(wt_rx_filter_name(filter), "rx filter %u", filter);
	cr_expect_null(wt_rx_filter_name(__HWTSTAMP_FILTER_CNT));
}

Test(capabilities, names_are_those_of_the_constants)
{
	cr_expect_str_eq(wt_so_timestamping_name(__builtin_ctz(SOF_TIMESTAMPING_RX_HARDWARE)),
	                 "rx-hardware");
	cr_expect_str_eq(wt_so_timestamping_name(__builtin_ctz(SOF_TIMESTAMPING_OPT_STATS)),
	                 "opt-stats");
	cr_expect_str_eq(wt_so_timestamping_name(__builtin_ctz(SOF_TIMESTAMPING_BIND_PHC)),
	                 "bind-phc");
	cr_expect_str_eq(wt_tx_type_name(HWTSTAMP_TX_ONESTEP_P2P), "onestep-p2p");
	cr_expect_str_eq(wt_rx_filter_name(HWTSTAMP_FILTER_PTP_V2_L4_EVENT), "ptpv2-l4-event");
	cr_expect_str_eq(wt_rx_filter_name(HWTSTAMP_FILTER_PTP_V2_DELAY_REQ), "ptpv2-delay-req");
	cr_expect_str_eq(wt_rx_filter_name(HWTSTAMP_FILTER_NTP_ALL), "ntp-all");
	cr_expect_str_eq(wt_ptp_verdict_name(WT_PTP_NONE), "none");
	cr_expect_str_eq(wt_ptp_verdict_name(WT_PTP_SOFTWARE), "software");
	cr_expect_str_eq(wt_ptp_verdict_name(WT_PTP_HARDWARE), "hardware");
}

/* Attributes */

static uint8_t payload[1024];
static size_t length;

static void put(uint16_t type, const void *data, size_t bytes)
{
	struct nlattr header = {.nla_type = type, .nla_len = (uint16_t)(sizeof(header) + bytes)};

	memcpy(payload + length, &header, sizeof(header));
	if (bytes)
		memcpy(payload + length + sizeof(header), data, bytes);
	length += NLA_ALIGN(sizeof(header) + bytes);
}

static void put_u32(uint16_t type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

static size_t begin(uint16_t type)
{
	size_t at = length;

	put(type | NLA_F_NESTED, NULL, 0);
	return at;
}

static void end(size_t at)
{
	uint16_t bytes = (uint16_t)(length - at);

	memcpy(payload + at, &bytes, sizeof(bytes));
}

static void put_compact(uint16_t type, uint32_t size, uint32_t value, const uint32_t *mask)
{
	size_t bitset = begin(type);

	if (!mask)
		put(ETHTOOL_A_BITSET_NOMASK, NULL, 0);
	put_u32(ETHTOOL_A_BITSET_SIZE, size);
	put_u32(ETHTOOL_A_BITSET_VALUE, value);
	if (mask)
		put_u32(ETHTOOL_A_BITSET_MASK, *mask);
	end(bitset);
}

static void put_bit(int index, const char *name, bool value)
{
	size_t bit = begin(ETHTOOL_A_BITSET_BITS_BIT);

	if (index >= 0)
		put_u32(ETHTOOL_A_BITSET_BIT_INDEX, (uint32_t)index);
	if (name)
		put(ETHTOOL_A_BITSET_BIT_NAME, name, strlen(name) + 1);
	if (value)
		put(ETHTOOL_A_BITSET_BIT_VALUE, NULL, 0);
	end(bit);
}

/* From a copy of exactly these bytes, misaligned: AddressSanitizer sees who reads on. */
static int parse_first(size_t bytes)
{
	uint8_t *copy = malloc(bytes + 1);
	int rc;

	memcpy(copy + 1, payload, bytes);
	rc = wt_stamp_parse_tsinfo(&supported, copy + 1, bytes);
	free(copy);
	return rc;
}

static int parse(void)
{
	return parse_first(length);
}

static void put_typical(void)
{
	size_t header = begin(ETHTOOL_A_TSINFO_HEADER);

	put_u32(ETHTOOL_A_HEADER_DEV_INDEX, 2);
	put(ETHTOOL_A_HEADER_DEV_NAME, "eth0", 5);
	end(header);
	put_compact(ETHTOOL_A_TSINFO_TIMESTAMPING, 19, HARDWARE | SOFTWARE, NULL);
	put_compact(ETHTOOL_A_TSINFO_TX_TYPES, 4, OFF_ON, NULL);
	put_compact(ETHTOOL_A_TSINFO_RX_FILTERS, 16, FILTER(NONE) | FILTER(ALL), NULL);
	put_u32(ETHTOOL_A_TSINFO_PHC_INDEX, 3);
}

static void expect_typical(void)
{
	cr_expect(eq(u32, supported.so_timestamping, HARDWARE | SOFTWARE));
	cr_expect(eq(u32, supported.tx_types, OFF_ON));
	cr_expect(eq(u32, supported.rx_filters, FILTER(NONE) | FILTER(ALL)));
	cr_expect(eq(int, supported.phc_index, 3));
	cr_expect(supported.by_netlink);
}

Test(capabilities, compact_bitsets_are_read)
{
	put_typical();
	cr_assert(eq(int, parse(), 0));
	expect_typical();
}

Test(capabilities, what_later_kernels_add_is_skipped)
{
	put_u32(200, 77);
	put_typical();
	put_u32(ETHTOOL_A_TSINFO_PHC_INDEX + 1, 77);
	cr_assert(eq(int, parse(), 0));
	expect_typical();
}

Test(capabilities, a_reply_without_a_clock_has_none)
{
	put_compact(ETHTOOL_A_TSINFO_TIMESTAMPING, 19, SOFTWARE, NULL);
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(u32, supported.so_timestamping, SOFTWARE));
	cr_expect(eq(u32, supported.tx_types | supported.rx_filters, 0));
	cr_expect(eq(int, supported.phc_index, -1));
	length = 0;
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(int, supported.phc_index, -1));
	put_u32(ETHTOOL_A_TSINFO_PHC_INDEX, UINT32_MAX);
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(int, supported.phc_index, -1));
}

Test(capabilities, of_a_masked_bitset_what_is_in_both_counts)
{
	uint32_t mask = 0x3;

	put_compact(ETHTOOL_A_TSINFO_RX_FILTERS, 16, 0xe, &mask);
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(u32, supported.rx_filters, 0x2));
}

Test(capabilities, bits_beyond_the_size_do_not_count)
{
	put_compact(ETHTOOL_A_TSINFO_RX_FILTERS, 4, 0xffffffff, NULL);
	put_compact(ETHTOOL_A_TSINFO_TX_TYPES, 0, 0xffffffff, NULL);
	put_compact(ETHTOOL_A_TSINFO_TIMESTAMPING, 32, 0xffffffff, NULL);
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(u32, supported.rx_filters, 0xf));
	cr_expect(eq(u32, supported.tx_types, 0));
	cr_expect(eq(u32, supported.so_timestamping, 0xffffffff));
}

static void put_long_bitset(size_t words)
{
	static const uint32_t value[3] = {0x55, 0xffffffff, 0xffffffff};
	size_t bitset = begin(ETHTOOL_A_TSINFO_TIMESTAMPING);

	put_u32(ETHTOOL_A_BITSET_SIZE, 70);
	put(ETHTOOL_A_BITSET_VALUE, value, 4 * words);
	end(bitset);
}

Test(capabilities, a_later_kernel_may_have_more_than_32_bits)
{
	put_long_bitset(3);
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(u32, supported.so_timestamping, 0x55));
	length = 0;
	put_long_bitset(2);
	cr_expect(eq(int, parse(), -EBADMSG));
}

Test(capabilities, lists_of_bits_are_read)
{
	size_t bitset = begin(ETHTOOL_A_TSINFO_TIMESTAMPING), list;

	put(ETHTOOL_A_BITSET_NOMASK, NULL, 0);
	put_u32(ETHTOOL_A_BITSET_SIZE, 19);
	list = begin(ETHTOOL_A_BITSET_BITS);
	put_bit(1, "software-transmit", false);
	put_bit(3, NULL, false);
	put_bit(-1, "software-system-clock", false);
	put_bit(-1, "hardware-raw-clock", false);
	put_bit(-1, "from-the-future", false);
	put_bit(40, "from-the-future", false);
	end(list);
	end(bitset);
	bitset = begin(ETHTOOL_A_TSINFO_RX_FILTERS);
	put_u32(ETHTOOL_A_BITSET_SIZE, 16);
	list = begin(ETHTOOL_A_BITSET_BITS);
	put_bit(0, "none", true);
	put_bit(1, "all", false);
	put_bit(-1, "ptpv2-l4-event", true);
	end(list);
	end(bitset);
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(u32, supported.so_timestamping, SOFTWARE | SOF_TIMESTAMPING_RAW_HARDWARE));
	cr_expect(eq(u32, supported.rx_filters, FILTER(NONE) | FILTER(PTP_V2_L4_EVENT)));
}

Test(capabilities, a_reply_that_is_cut_off_is_refused)
{
	const struct wt_stamp_supported untouched = {.phc_index = 4711};
	/* What ends where one of the five attributes begins is a reply of its own. */
	size_t whole = 0;

	put_typical();
	for (size_t bytes = 0; bytes < length; bytes++) {
		supported = untouched;
		if (!parse_first(bytes))
			whole++;
		else
			cr_expect(eq(int, supported.phc_index, 4711), "written at %zu", bytes);
	}
	cr_expect(eq(sz, whole, 5), "%zu of %zu cuts pass", whole, length);
}

static void put_empty_bitset(void)
{
	end(begin(ETHTOOL_A_TSINFO_TX_TYPES));
}

static void put_value_without_size(void)
{
	size_t bitset = begin(ETHTOOL_A_TSINFO_TX_TYPES);

	put_u32(ETHTOOL_A_BITSET_VALUE, 1);
	end(bitset);
}

static void put_part_of(uint16_t type, size_t bytes)
{
	size_t bitset = begin(ETHTOOL_A_TSINFO_TX_TYPES);

	put(type, "\0\0\0\0\0\0\0", bytes);
	end(bitset);
}

static void put_short_size(void)
{
	put_part_of(ETHTOOL_A_BITSET_SIZE, 2);
}

static void put_odd_value(void)
{
	size_t bitset = begin(ETHTOOL_A_TSINFO_TX_TYPES);

	put_u32(ETHTOOL_A_BITSET_SIZE, 4);
	put(ETHTOOL_A_BITSET_VALUE, "\1\0\0\0\0\0", 6);
	end(bitset);
}

static void put_short_mask(void)
{
	size_t bitset = begin(ETHTOOL_A_TSINFO_TX_TYPES);

	put_u32(ETHTOOL_A_BITSET_SIZE, 4);
	put_u32(ETHTOOL_A_BITSET_VALUE, 1);
	put(ETHTOOL_A_BITSET_MASK, "\1", 1);
	end(bitset);
}

static void put_huge_size(void)
{
	put_compact(ETHTOOL_A_TSINFO_TX_TYPES, UINT32_MAX, 1, NULL);
}

static void put_nameless_bit(void)
{
	size_t bitset = begin(ETHTOOL_A_TSINFO_TX_TYPES), list = begin(ETHTOOL_A_BITSET_BITS);

	put_bit(-1, NULL, true);
	end(list);
	end(bitset);
}

static void put_short_phc_index(void)
{
	put(ETHTOOL_A_TSINFO_PHC_INDEX, "\1\0", 2);
}

static void put_bit_beyond_its_list(void)
{
	static const struct nlattr bit = {.nla_type = ETHTOOL_A_BITSET_BITS_BIT, .nla_len = 64};
	size_t bitset = begin(ETHTOOL_A_TSINFO_TX_TYPES);

	put(ETHTOOL_A_BITSET_BITS, &bit, sizeof(bit));
	end(bitset);
	put_compact(ETHTOOL_A_TSINFO_RX_FILTERS, 16, 1, NULL);
}

static void put_attribute_without_length(void)
{
	static const struct nlattr none = {.nla_type = 1, .nla_len = 0};

	memcpy(payload, &none, sizeof(none));
	length = sizeof(none);
}

Test(capabilities, a_reply_that_makes_no_sense_is_refused)
{
	static void (*const put_bad[])(void) = {
	        put_empty_bitset,        put_value_without_size,
	        put_short_size,          put_odd_value,
	        put_short_mask,          put_huge_size,
	        put_nameless_bit,        put_short_phc_index,
	        put_bit_beyond_its_list, put_attribute_without_length,
	};

	for (size_t i = 0; i < sizeof(put_bad) / sizeof(put_bad[0]); i++) {
		length = 0;
		put_bad[i]();
		cr_expect(eq(int, parse(), -EBADMSG), "number %zu is taken", i);
	}
}

/* Asking */

static void create(struct wt_sim_nic_config config)
{
	cr_assert_eq(wt_sim_nic_create(&nic, &config), 0);
	system_double_before(&before, wt_sim_nic_system(nic));
}

static int read_of(const char *interface)
{
	return wt_stamp_capabilities_read(&capabilities, &before.system, interface, &err);
}

static void expect_same(const struct wt_stamp_supported *a, const struct wt_stamp_supported *b)
{
	cr_expect(eq(u32, a->so_timestamping, b->so_timestamping));
	cr_expect(eq(u32, a->tx_types, b->tx_types));
	cr_expect(eq(u32, a->rx_filters, b->rx_filters));
	cr_expect(eq(int, a->phc_index, b->phc_index));
}

Test(capabilities, netlink_and_ioctl_tell_the_same)
{
	struct wt_sim_nic_config config = {.phc_index = 5,
	                                   .rx_filters = FILTER(NONE) | FILTER(PTP_V2_EVENT)};

	create(config);
	cr_assert_eq(read_of("sim"), 0, "%s", err.text);
	cr_expect(capabilities.supported.by_netlink);
	cr_expect(eq(int, capabilities.supported.phc_index, 5));
	cr_expect(eq(u32, capabilities.supported.so_timestamping, HARDWARE | SOFTWARE));
	supported = capabilities.supported;
	tear_down();
	config.no_netlink = true;
	create(config);
	cr_assert_eq(read_of("sim"), 0, "%s", err.text);
	cr_expect(eq(int, capabilities.supported.by_netlink, false));
	expect_same(&capabilities.supported, &supported);
	cr_expect(eq(int, (int)capabilities.verdict, (int)WT_PTP_HARDWARE));
}

Test(capabilities, what_is_active_is_told)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON,
	                                  .rx_filter = HWTSTAMP_FILTER_ALL});
	cr_assert_eq(read_of("sim"), 0);
	cr_expect(eq(int, capabilities.active.error, 0));
	cr_expect(eq(int, capabilities.active.tx_type, HWTSTAMP_TX_ON));
	cr_expect(eq(int, capabilities.active.rx_filter, HWTSTAMP_FILTER_ALL));
}

Test(capabilities, without_hardware_software_is_left)
{
	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_assert_eq(read_of("sim"), 0);
	cr_expect(eq(int, capabilities.supported.phc_index, -1));
	cr_expect(eq(int, capabilities.active.error, -EOPNOTSUPP));
	cr_expect(eq(int, (int)capabilities.verdict, (int)WT_PTP_SOFTWARE));
	cr_expect_str_eq(capabilities.reason,
	                 "it has no hardware stamps; software stamps all packets, received and "
	                 "sent");
}

Test(capabilities, an_interface_that_is_not_there_is_named)
{
	static const char *const names[] = {"eth0", "", "a-name-that-is-too-long-for-any"};

	create((struct wt_sim_nic_config){0});
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_expect(eq(int, read_of(names[i]), -ENODEV));
		cr_expect_not_null(strstr(err.text, "there is no interface '"));
		cr_expect_not_null(strstr(err.text, names[i]));
	}
}

static ssize_t on_tsinfo(void *out, size_t capacity, ssize_t answer)
{
	(void)capacity;
	memset(out, 0xff, (size_t)answer);
	return answer;
}

static int on_interface_ioctl(unsigned long request, struct ifreq *arg, int answer)
{
	(void)arg;
	return request == SIOCETHTOOL ? -EIO : answer;
}

Test(capabilities, where_netlink_talks_nonsense_the_ioctl_is_asked)
{
	create((struct wt_sim_nic_config){.phc_index = 2});
	before.on_tsinfo = on_tsinfo;
	cr_assert_eq(read_of("sim"), 0);
	cr_expect(eq(int, capabilities.supported.by_netlink, false));
	cr_expect(eq(int, capabilities.supported.phc_index, 2));
	before.on_interface_ioctl = on_interface_ioctl;
	cr_expect(eq(int, read_of("sim"), -EIO));
	cr_expect_not_null(strstr(err.text, "Input/output error"), "%s", err.text);
}

/* The kernel itself */

static ssize_t refuse_tsinfo(void *out, size_t capacity, ssize_t answer)
{
	(void)out;
	(void)capacity;
	(void)answer;
	return -EOPNOTSUPP;
}

static void expect_software_only(const char *interface)
{
	system_double_before(&before, wt_kernel_system());
	cr_assert_eq(read_of(interface), 0, "%s", err.text);
	cr_expect(capabilities.supported.by_netlink);
	supported = capabilities.supported;
	before.on_tsinfo = refuse_tsinfo;
	cr_assert_eq(read_of(interface), 0, "%s", err.text);
	cr_expect(eq(int, capabilities.supported.by_netlink, false));
	expect_same(&capabilities.supported, &supported);
	cr_expect(eq(u32, supported.so_timestamping & (HARDWARE | SOFTWARE), SOFTWARE));
	cr_expect(eq(int, supported.phc_index, -1));
	cr_expect(eq(int, (int)capabilities.verdict, (int)WT_PTP_SOFTWARE));
	cr_expect(eq(int, capabilities.active.error, -EOPNOTSUPP), "SIOCGHWTSTAMP of %s",
	          interface);
}

Test(capabilities, the_kernel_stamps_virtual_interfaces_in_software)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	expect_software_only("lo");
	expect_software_only("wt_a");
	cr_expect(eq(int, read_of("wt_c"), -ENODEV));
}
