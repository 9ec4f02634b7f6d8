/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/checksum.h>

#include "support/unit.h"

Test(checksum, is_that_of_rfc_1071)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	cr_expect_eq(wt_checksum_finish(wt_checksum_add(0, example, 8)), 0x220d);
	cr_expect_eq(wt_checksum_finish(wt_checksum_add(0, example, 7)), (uint16_t)~0xdcfb);
}

Test(checksum, of_any_length_and_alignment_is_that_of_its_16_bit_words)
{
	uint8_t data[80];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(0xff - i * i);
	for (size_t start = 0; start < 8; start++) {
		for (size_t bytes = 0; bytes <= 64; bytes++) {
			uint64_t sum = 7;

			for (size_t i = 0; i < bytes; i++)
				sum += (uint64_t)data[start + i] << (i % 2 ? 0 : 8);
			cr_expect_eq(wt_checksum_finish(wt_checksum_add(7, data + start, bytes)),
			             wt_checksum_finish(sum), "%zu bytes from %zu", bytes, start);
		}
	}
}
