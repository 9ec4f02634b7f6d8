/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/link_type.h>

#include <pcap/pcap.h>

int wt_link_type_dlt(uint16_t link_type)
{
	switch (link_type) {
	case 100:
		return DLT_ATM_RFC1483;
	case 101:
		return DLT_RAW;
	case 102:
		return DLT_SLIP_BSDOS;
	case 103:
		return DLT_PPP_BSDOS;
	case 106:
		return DLT_ATM_CLIP;
	default:
		return link_type;
	}
}
