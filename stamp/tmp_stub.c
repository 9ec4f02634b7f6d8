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
