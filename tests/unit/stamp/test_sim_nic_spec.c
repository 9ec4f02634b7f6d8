/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <string.h>

#include <wiretape/stamp/sim_nic_spec.h>

#include "support/unit.h"

static struct wt_sim_nic_config config;
static struct wt_error err;

static void is_wrong(const char *text, const char *why)
{
	struct wt_sim_nic_config before = config;

	memset(&err, 0, sizeof(err));
	cr_expect(eq(int, wt_sim_nic_parse(&config, text, &err), -EINVAL), "'%s' is taken", text);
	cr_expect(strstr(err.text, why) != NULL, "'%s': no '%s' in '%s'", text, why, err.text);
	cr_expect(memcmp(&before, &config, sizeof(config)) == 0, "'%s' leaves traces", text);
}

Test(sim_nic_spec, nothing_said_changes_nothing)
{
	config.ppm = 3;
	cr_assert_eq(wt_sim_nic_parse(&config, "", NULL), 0);
	cr_expect(eq(dbl, config.ppm, 3.0));
}

Test(sim_nic_spec, takes_every_key)
{
	cr_assert_eq(wt_sim_nic_parse(&config,
	                              "ppm=-12.5,wander=0.25,wander-period=30000000000,"
	                              "offset=-37000000001,bracket=500,noise=7,seed=42,tai=37,"
	                              "phc=3,rx-filter=ptpv2-event,tx-type=on,precise=no,"
	                              "extended=no,netlink=no,permission=no",
	                              &err),
	             0, "%s", err.text);
	cr_expect(eq(dbl, config.ppm, -12.5));
	cr_expect(eq(dbl, config.wander_ppm, 0.25));
	cr_expect(eq(dbl, config.wander_period_s, 30.0));
	cr_expect(eq(i64, config.offset_ns, INT64_C(-37000000001)));
	cr_expect(eq(i64, config.bracket_ns, 500));
	cr_expect(eq(i64, config.bracket_noise_ns, 7));
	cr_expect(eq(u64, config.seed, 42));
	cr_expect(eq(int, config.tai_offset_s, 37));
	cr_expect(eq(int, config.phc_index, 3));
	cr_expect(eq(int, config.rx_filter, HWTSTAMP_FILTER_PTP_V2_EVENT));
	cr_expect(eq(int, config.tx_type, HWTSTAMP_TX_ON));
	cr_expect(config.no_precise && config.no_extended);
	cr_expect(config.no_netlink && config.no_permission);
}

Test(sim_nic_spec, yes_takes_a_no_back)
{
	cr_assert_eq(wt_sim_nic_parse(&config, "precise=no,precise=yes,phc=no", NULL), 0);
	cr_expect(eq(int, config.no_precise, false));
	cr_expect(eq(int, config.phc_index, -1));
}

Test(sim_nic_spec, times_may_have_units)
{
	cr_assert_eq(
	        wt_sim_nic_parse(&config, "offset=-37s,bracket=1us,wander-period=1m,noise=0", &err),
	        0, "%s", err.text);
	cr_expect(eq(i64, config.offset_ns, INT64_C(-37000000000)));
	cr_expect(eq(i64, config.bracket_ns, 1000));
	cr_expect(eq(dbl, config.wander_period_s, 60.0));
}

Test(sim_nic_spec, names_the_key_that_is_unknown_and_those_there_are)
{
	is_wrong("pmm=3", "'pmm=3' is no setting");
	is_wrong("ppm=3,pmm=3", "ppm, wander, wander-period, offset, bracket, noise, seed, tai, "
	                        "phc, rx-filter, tx-type, precise, extended, netlink, permission");
	is_wrong("=3", "'=3'");
	is_wrong("pp=3", "'pp=3'");
	is_wrong("an-endless-key-an-endless-key-an-endless-key-an-endless-key", "'an-endless-key");
}

Test(sim_nic_spec, names_the_value_that_is_wrong)
{
	static const char *const bad[] = {
	        "ppm",           "ppm=",           "ppm=x",     "ppm=nan",
	        "ppm=inf",       "ppm= 3",         "ppm=3x",    "ppm=100001",
	        "ppm=-100001",   "offset=1.5",     "bracket=0", "bracket=99999999999999999999",
	        "bracket=-1",    "bracket=1.1s",   "noise=-1",  "seed=-1",
	        "tai=1001",      "tai=-1001",      "phc=-1",    "phc=10000",
	        "rx-filter=al",  "tx-type=none",   "precise=1", "wander-period=0",
	        "offset=36526d", "offset=-36526d",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_wrong(bad[i], bad[i]);
	is_wrong("tai=x", "tai is TAI - UTC in s");
}
