#include <wiretape/stamp/sim_nic.h>
#include <wiretape/ring/error.h>
int wt_sim_nic_parse(struct wt_sim_nic_config *config, const char *text, struct wt_error *err);
