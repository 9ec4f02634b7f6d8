/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/checksum.h>

#include <wiretape/base/big_endian.h>

/* The sum of 16-bit words does not depend on their byte order, except for its own (RFC 1071, 2B),
 * and 32-bit words are two at once. */
static uint64_t sum_of_words(const uint8_t *data, size_t words)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < words; i++) {
		uint32_t word;

		memcpy(&word, data + i * sizeof(word), sizeof(word));
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)sum);
}

uint64_t wt_checksum_add(uint64_t sum, const uint8_t *data, size_t bytes)
{
	size_t words = bytes / sizeof(uint32_t), i = words * sizeof(uint32_t);

	sum += sum_of_words(data, words);
	for (; i + 1 < bytes; i += 2)
		sum += wt_get_be16(data + i);
	if (i < bytes)
		sum += (uint64_t)data[i] << 8;
	return sum;
}

uint16_t wt_checksum_finish(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
