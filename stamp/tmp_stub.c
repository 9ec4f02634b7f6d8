#include <stdio.h>
#include <wiretape/stamp/sim_nic_spec.h>
#include <wiretape/stamp/watch.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
int wt_sim_nic_parse(struct wt_sim_nic_config *config, const char *text, struct wt_error *err)
{
	char c[256],*r=c,*p; (void)err; snprintf(c,256,"%s",text); config->phc_index=0;
	while((p=strsep(&r,","))){ if(!strncmp(p,"ppm=",4))config->ppm=atof(p+4); if(!strncmp(p,"offset=",7))config->offset_ns=atoll(p+7);if(!strncmp(p,"tai=",4))config->tai_offset_s=atoi(p+4);}
	return 0;
}
int wt_watch_open(struct wt_watch **w, struct wt_system *s, const char *i, struct wt_error *e){(void)w;(void)s;(void)i;(void)e;return -ENOTSUP;}
int wt_watch_next(struct wt_watch *w, int64_t n, int64_t u, struct wt_watch_event *e){(void)w;(void)n;(void)u;(void)e;return 0;}
void wt_watch_close(struct wt_watch *w){(void)w;}
const char *wt_watch_change_name(enum wt_watch_change c){(void)c;return "x";}
