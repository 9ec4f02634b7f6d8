/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/nic_claim_private.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { TURN, HALVES, PLACE_BYTES = 80, ADDRESS_BYTES = 32, SETTINGS = 32 };

static bool is_same(const struct wt_stamp_active *a, const struct wt_stamp_active *b)
{
	return a->flags == b->flags && a->tx_type == b->tx_type && a->rx_filter == b->rx_filter;
}

static bool is_setting(const struct wt_stamp_active *active)
{
	return active->tx_type >= 0 && active->tx_type < SETTINGS && active->rx_filter >= 0 &&
	       active->rx_filter < SETTINGS && active->flags >= 0;
}

ssize_t wt_nic_word_format(char *out, size_t capacity, const struct wt_nic_word *word,
                           const char *head)
{
	const struct wt_stamp_active *before = &word->before, *made = &word->made;
	int length = snprintf(out, capacity, "%sbefore %d %d %d\nmade %d %d %d\n", head,
	                      before->tx_type, before->rx_filter, before->flags, made->tx_type,
	                      made->rx_filter, made->flags);

	return length < 0 || (size_t)length >= capacity ? -EMSGSIZE : length;
}

int wt_nic_word_parse(struct wt_nic_word *word, const char *text, size_t length, const char *head)
{
	char copy[WT_NIC_WORD_BYTES], again[WT_NIC_WORD_BYTES];
	size_t head_length = strlen(head);
	struct wt_nic_word read = {0};
	struct wt_stamp_active *before = &read.before, *made = &read.made;

	if (length >= sizeof(copy) || length < head_length || memcmp(text, head, head_length))
		return -EBADMSG;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (sscanf(copy + head_length, "before %8d %8d %8d made %8d %8d %8d", &before->tx_type,
	           &before->rx_filter, &before->flags, &made->tx_type, &made->rx_filter,
	           &made->flags) != 6 ||
	    !is_setting(before) || !is_setting(made))
		return -EBADMSG;
	/* Any other formatting is not ours. */
	if (wt_nic_word_format(again, sizeof(again), &read, head) != (ssize_t)length ||
	    memcmp(again, text, length))
		return -EBADMSG;
	*word = read;
	return 0;
}

static int ask(struct wt_system *system, unsigned long request, const char *interface,
               struct ifreq *arg)
{
	if (strlen(interface) >= sizeof(arg->ifr_name))
		return -ENODEV;
	memcpy(arg->ifr_name, interface, strlen(interface));
	return system->ops->interface_ioctl(system, request, arg);
}

/* The address it was made with, whatever it has been given since. */
static void read_address(struct wt_system *system, const char *interface, char *text,
                         size_t capacity)
{
	_Alignas(struct ethtool_perm_addr)
	        uint8_t memory[sizeof(struct ethtool_perm_addr) + ADDRESS_BYTES] = {0};
	struct ethtool_perm_addr *address = (void *)memory;
	struct ifreq arg = {.ifr_data = (void *)memory};
	size_t used = 0;

	address->cmd = ETHTOOL_GPERMADDR;
	address->size = ADDRESS_BYTES;
	snprintf(text, capacity, "-");
	if (ask(system, SIOCETHTOOL, interface, &arg) || address->size > ADDRESS_BYTES)
		return;
	for (size_t i = 0; i < address->size && used + 4 <= capacity; i++)
		used += (size_t)snprintf(text + used, capacity - used, "%s%02x", i ? ":" : "",
		                         address->data[i]);
}

/* Head of the file, and its name, which do not change when the interface is renamed. */
static int identify(struct wt_nic_claim *claim, const char *interface, char *name, size_t capacity)
{
	struct wt_system *system = claim->system;
	char place[PLACE_BYTES], address[3 * ADDRESS_BYTES + 1];
	const char *namespace;
	struct ifreq arg = {0};
	int rc = system->ops->states->place(system, place, sizeof(place)), length;

	if (!rc)
		rc = ask(system, SIOCGIFINDEX, interface, &arg);
	if (rc)
		return rc;
	read_address(system, interface, address, sizeof(address));
	length = snprintf(claim->head, sizeof(claim->head),
	                  "wiretape stamping 1\nplace %s\ninterface %d %s\n", place,
	                  arg.ifr_ifindex, address);
	if (length < 0 || (size_t)length >= sizeof(claim->head))
		return -EMSGSIZE;
	namespace = strrchr(place, '.');
	snprintf(name, capacity, "stamping%s.%d", namespace ? namespace : "", arg.ifr_ifindex);
	return 0;
}

static int lock(const struct wt_nic_claim *claim, unsigned byte, enum wt_state_lock how, bool waits)
{
	return claim->system->ops->states->lock(claim->system, claim->fd, byte, how, waits);
}

void wt_nic_claim_open(struct wt_nic_claim *claim, struct wt_system *system, const char *interface,
                       enum wt_nic_half half)
{
	char name[64];

	*claim = (struct wt_nic_claim){.system = system};
	if (!system->ops->states || identify(claim, interface, name, sizeof(name)))
		return;
	claim->fd = system->ops->states->open(system, name);
	claim->is_open = claim->fd >= 0;
	/* Programs that end release only their own half, in their turn: nobody does in ours. */
	if (claim->is_open && (lock(claim, TURN, WT_STATE_ALONE, true) ||
	                       lock(claim, HALVES + half, WT_STATE_SHARED, false)))
		wt_nic_claim_close(claim);
}

bool wt_nic_claim_read(const struct wt_nic_claim *claim, struct wt_nic_word *word)
{
	char text[WT_NIC_WORD_BYTES];
	ssize_t length;

	if (!claim->is_open)
		return false;
	length = claim->system->ops->states->read(claim->system, claim->fd, text, sizeof(text));
	return length > 0 && !wt_nic_word_parse(word, text, (size_t)length, claim->head);
}

void wt_nic_claim_write(const struct wt_nic_claim *claim, const struct wt_nic_word *word)
{
	char text[WT_NIC_WORD_BYTES];
	ssize_t length = 0;

	if (!claim->is_open)
		return;
	if (!is_same(&word->before, &word->made))
		length = wt_nic_word_format(text, sizeof(text), word, claim->head);
	/* A file that cannot be written counts as none. */
	if (length >= 0)
		claim->system->ops->states->write(claim->system, claim->fd, text, (size_t)length);
}

void wt_nic_claim_take_turn(const struct wt_nic_claim *claim)
{
	/* Without a turn: do without if its holder stands still. */
	if (claim->is_open)
		lock(claim, TURN, WT_STATE_ALONE, true);
}

void wt_nic_claim_end_turn(const struct wt_nic_claim *claim)
{
	if (claim->is_open)
		lock(claim, TURN, WT_STATE_UNLOCKED, false);
}

bool wt_nic_claim_is_last(const struct wt_nic_claim *claim, enum wt_nic_half half)
{
	return !claim->is_open || !lock(claim, HALVES + half, WT_STATE_ALONE, false);
}

void wt_nic_claim_close(struct wt_nic_claim *claim)
{
	if (claim->is_open)
		claim->system->ops->states->close(claim->system, claim->fd);
	claim->is_open = false;
}
