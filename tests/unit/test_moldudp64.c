/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include <wiretape/feed/preset/moldudp64.h>

/* Session "ABC", sequence number 0x0102030405060708, messages "hi" and "". */
static const uint8_t two_messages[] = {
        'A', 'B', 'C', ' ', ' ', ' ', ' ', ' ', ' ', ' ', 1,   2, 3,
        4,   5,   6,   7,   8,   0,   2,   0,   2,   'h', 'i', 0, 0,
};

static struct wt_moldudp64_header header_of(uint64_t sequence, uint16_t count)
{
	struct wt_moldudp64_header header = {.sequence = sequence, .count = count};

	cr_assert_eq(wt_moldudp64_session(header.session, "ABC"), 0);
	return header;
}

Test(moldudp64, session_is_padded_with_spaces)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	cr_assert_eq(wt_moldudp64_session(session, "ABC"), 0);
	cr_assert_arr_eq(session, "ABC       ", sizeof(session));
}

Test(moldudp64, session_of_ten_characters_is_taken_whole)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	cr_assert_eq(wt_moldudp64_session(session, "0123456789"), 0);
	cr_assert_arr_eq(session, "0123456789", sizeof(session));
}

Test(moldudp64, session_refuses_what_does_not_fit_or_print)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	cr_expect_eq(wt_moldudp64_session(session, ""), -EINVAL);
	cr_expect_eq(wt_moldudp64_session(session, "0123456789A"), -EINVAL);
	cr_expect_eq(wt_moldudp64_session(session, "tab\t"), -EINVAL);
	cr_expect_eq(wt_moldudp64_session(session, "\xc3\xa4"), -EINVAL);
}

Test(moldudp64, encode_writes_the_bytes_of_the_specification)
{
	struct wt_moldudp64_header header = header_of(0x0102030405060708, 2);
	struct wt_moldudp64_message messages[] = {{(const uint8_t *)"hi", 2}, {NULL, 0}};
	uint8_t buffer[64];

	cr_assert_eq(wt_moldudp64_encode(buffer, sizeof(buffer), &header, messages),
	             (int)sizeof(two_messages));
	cr_assert_arr_eq(buffer, two_messages, sizeof(two_messages));
}

Test(moldudp64, encode_leaves_the_buffer_alone_when_it_is_one_byte_short)
{
	struct wt_moldudp64_header header = header_of(1, 1);
	struct wt_moldudp64_message message = {(const uint8_t *)"hi", 2};
	uint8_t buffer[24] = {0};
	static const uint8_t untouched[24];

	cr_assert_eq(wt_moldudp64_encode(buffer, 23, &header, &message), -EMSGSIZE);
	cr_assert_arr_eq(buffer, untouched, sizeof(buffer));
	cr_assert_eq(wt_moldudp64_encode(buffer, 24, &header, &message), 24);
}

Test(moldudp64, heartbeat_and_end_of_session_carry_no_messages)
{
	static const uint16_t counts[] = {WT_MOLDUDP64_HEARTBEAT, WT_MOLDUDP64_END_OF_SESSION};
	struct wt_moldudp64_packet packet;
	struct wt_moldudp64_message message;
	uint8_t buffer[WT_MOLDUDP64_HEADER_BYTES];

	for (size_t i = 0; i < 2; i++) {
		struct wt_moldudp64_header header = header_of(9, counts[i]);

		cr_assert_eq(wt_moldudp64_encode(buffer, sizeof(buffer), &header, NULL), 20);
		cr_assert_eq(wt_moldudp64_parse(buffer, sizeof(buffer), &packet), 0);
		cr_expect_eq(packet.header.count, counts[i]);
		cr_expect_eq(packet.header.sequence, 9);
		cr_expect_eq(wt_moldudp64_messages(&packet.header), 0);
		cr_expect_eq(wt_moldudp64_next(&packet, &message), 0);
	}
}

Test(moldudp64, parse_gives_back_what_the_packet_holds)
{
	struct wt_moldudp64_packet packet;
	struct wt_moldudp64_message message;

	cr_assert_eq(wt_moldudp64_parse(two_messages, sizeof(two_messages), &packet), 0);
	cr_expect_eq(packet.header.sequence, 0x0102030405060708);
	cr_expect_eq(packet.header.count, 2);
	cr_expect_arr_eq(packet.header.session, "ABC       ", 10);
	cr_expect_eq(wt_moldudp64_check(&packet), 0);
	cr_assert_eq(wt_moldudp64_next(&packet, &message), 1);
	cr_expect_eq(message.bytes, 2);
	cr_expect_arr_eq(message.data, "hi", 2);
	cr_assert_eq(wt_moldudp64_next(&packet, &message), 1);
	cr_expect_eq(message.bytes, 0);
	cr_expect_eq(wt_moldudp64_next(&packet, &message), 0);
}

Test(moldudp64, parse_refuses_less_than_a_header)
{
	struct wt_moldudp64_packet packet;

	cr_expect_eq(wt_moldudp64_parse(two_messages, 19, &packet), -ENODATA);
	cr_expect_eq(wt_moldudp64_parse(NULL, 0, &packet), -ENODATA);
}

Test(moldudp64, every_cut_inside_the_messages_is_found)
{
	struct wt_moldudp64_packet packet;

	for (size_t bytes = WT_MOLDUDP64_HEADER_BYTES; bytes < sizeof(two_messages); bytes++) {
		cr_assert_eq(wt_moldudp64_parse(two_messages, bytes, &packet), 0);
		cr_expect_eq(wt_moldudp64_check(&packet), -EBADMSG, "cut to %zu bytes", bytes);
	}
}

Test(moldudp64, messages_before_a_cut_are_returned_and_then_only_the_error)
{
	struct wt_moldudp64_packet packet;
	struct wt_moldudp64_message message;

	cr_assert_eq(wt_moldudp64_parse(two_messages, sizeof(two_messages) - 1, &packet), 0);
	cr_expect_eq(wt_moldudp64_next(&packet, &message), 1);
	cr_expect_eq(wt_moldudp64_next(&packet, &message), -EBADMSG);
	cr_expect_eq(wt_moldudp64_next(&packet, &message), -EBADMSG);
}

Test(moldudp64, bytes_after_the_last_message_are_allowed)
{
	uint8_t padded[sizeof(two_messages) + 7] = {0};
	struct wt_moldudp64_packet packet;

	memcpy(padded, two_messages, sizeof(two_messages));
	cr_assert_eq(wt_moldudp64_parse(padded, sizeof(padded), &packet), 0);
	cr_expect_eq(wt_moldudp64_check(&packet), 0);
}

Test(moldudp64, cut_header_gives_the_sequence_number_and_counts_one)
{
	struct wt_moldudp64_header header;

	cr_expect_eq(wt_moldudp64_parse_cut(two_messages, 17, &header), -ENODATA);
	cr_assert_eq(wt_moldudp64_parse_cut(two_messages, 18, &header), 0);
	cr_expect_eq(header.sequence, 0x0102030405060708);
	cr_expect_eq(header.count, 1);
	cr_expect_eq(wt_moldudp64_parse_cut(two_messages, 20, &header), -EINVAL);
}
