/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mail on its way is just the pointer to its buffer, an eighth of a cache line: lines that
 * move between cores are what a hand-over costs. The rest of the mail lies in the buffer's
 * head, which the receiver loads in any case.
 */
#include "port/mailbox.h"

#include "port/port.h"

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdlib.h>

struct qn_mailbox {
	struct rte_ring ring;
};

/* What the mail says beside its packet; the buffer's own field for users of DPDK holds it all. */
struct label {
	uint32_t capacity : 16; /* Of the packet. */
	uint32_t link : 15;
	uint32_t is_query : 1;
};

_Static_assert(sizeof(struct label) == sizeof(((struct rte_mbuf *)NULL)->hash.usr),
    "a label fits the field that users of DPDK may write");

struct qn_mailbox *
qn_mailbox_create(uint32_t capacity)
{
	/* Single sender, single receiver, and as many places as asked for, not one less. */
	const unsigned int flags = RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ;
	const ssize_t len = rte_ring_get_memsize(rte_align32pow2(capacity + 1));
	struct qn_mailbox *mailbox;

	qn_assert(capacity > 0 && len > 0);
	mailbox = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)len);
	if (mailbox == NULL)
		return NULL;
	qn_assert(rte_ring_init(&mailbox->ring, "mailbox", capacity, flags) == 0);
	return mailbox;
}

static void
mail_read(struct qn_mail *mail, struct rte_mbuf *mbuf)
{
	struct label label;

	memcpy(&label, &mbuf->hash.usr, sizeof(label));
	mail->link = label.link;
	mail->is_query = label.is_query;
	mail->packet = (struct qn_packet){
	    .data = rte_pktmbuf_mtod(mbuf, uint8_t *),
	    .len = mbuf->data_len,
	    .capacity = label.capacity,
	    .buffer = mbuf,
	};
}

static struct rte_mbuf *
mail_write(const struct qn_mail *mail)
{
	const struct qn_packet *packet = &mail->packet;
	const struct label label = {
	    .capacity = (uint16_t)packet->capacity,
	    .link = mail->link & (QN_MAILBOX_LINK_MAX - 1),
	    .is_query = mail->is_query,
	};
	struct rte_mbuf *mbuf = packet->buffer;

	qn_assert(mail->link < QN_MAILBOX_LINK_MAX);
	mbuf->data_off = (uint16_t)(packet->data - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)packet->len;
	memcpy(&mbuf->hash.usr, &label, sizeof(label));
	return mbuf;
}

void
qn_mailbox_destroy(struct qn_mailbox *mailbox)
{
	struct qn_mail mail;

	while (qn_mailbox_receive(mailbox, &mail, 1) == 1)
		qn_port_free(&mail.packet);
	free(mailbox);
}

uint32_t
qn_mailbox_send(struct qn_mailbox *mailbox, const struct qn_mail *mails, uint32_t count)
{
	void *mbufs[QN_MAILBOX_BURST_MAX];

	qn_assert(count <= QN_MAILBOX_BURST_MAX);
	for (uint32_t i = 0; i < count; i++)
		mbufs[i] = mail_write(&mails[i]);
	return rte_ring_sp_enqueue_burst(&mailbox->ring, mbufs, count, NULL);
}

uint32_t
qn_mailbox_receive(struct qn_mailbox *mailbox, struct qn_mail *mails, uint32_t count_max)
{
	void *mbufs[QN_MAILBOX_BURST_MAX];
	const uint32_t room = RTE_MIN(count_max, (uint32_t)RTE_DIM(mbufs));
	const uint32_t count = rte_ring_sc_dequeue_burst(&mailbox->ring, mbufs, room, NULL);

	for (uint32_t i = 0; i < count; i++)
		rte_prefetch0(mbufs[i]);
	for (uint32_t i = 0; i < count; i++)
		mail_read(&mails[i], mbufs[i]);
	return count;
}

uint32_t
qn_mailbox_count(const struct qn_mailbox *mailbox)
{
	return rte_ring_count(&mailbox->ring);
}
