/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short way of hits against the long way of everything: two shards on the same cache get
 * the same random frames, one of them through answer_hits() first. What comes out has to be the
 * same to the octet, and so have all counters.
 *
 * A run follows from its seed; for another, or a longer one: QN_SEED=7 QN_STEPS=1000000
 */
#include "cache/answer.h"
#include "cache/cache.h"
#include "net/checksum.h"
#include "net/frame.h"
#include "policy/access.h"
#include "shard/shard.h"
#include "support/test.h"
#include "wire/constants.h"
#include "zone/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS      40000
#define FRAME_ROOM 2048
#define CACHE_LEN  (1u << 20)
#define NAME_COUNT 24
#define VLAN_ID    7

static const uint8_t node_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 1};
static const uint8_t client_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 2};

static struct qn_prefix
prefix(const char *text)
{
	struct qn_prefix read;

	assert_true(qn_prefix_from_text(&read, text));
	return read;
}

/* A shard, and the cache and links that it shares with the other. */
struct pair {
	struct qn_random random;
	struct qn_now now;
	struct qn_shard_config config;
	struct qn_shard_shared shared;
	struct qn_shard *quick;
	struct qn_shard *whole;
	struct qn_name names[NAME_COUNT];
	bool damaged; /* The frame written last. */
	uint32_t hit_count;
	uint32_t known_count;
};

static struct qn_span
block(size_t len)
{
	const size_t whole = (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);
	void *data = aligned_alloc(QN_ARENA_ALIGN, whole);

	assert_non_null(data);
	return (struct qn_span){data, whole};
}

/* --- What there is to be asked ------------------------------------------------------------ */

/* From the root to the longest name; some of them within local data. */
static struct qn_name
name_of(unsigned number)
{
	static const char *const special[] = {
	    ".", "com", "a.invalid", "www.local.example", "b.example", "1.0.0.127.in-addr.arpa"};
	char text[512];

	if (number < COUNT_OF(special))
		return test_name(special[number]);
	int len = snprintf(text, sizeof(text), "%.*s", (int)(number % 9), "hostnames");

	if (number % 9 == 0)
		len = snprintf(text, sizeof(text), "x");
	for (unsigned i = 0; number % 5 == 0 && i < number / 2; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, ".label%u", i);
	snprintf(text + len, sizeof(text) - (size_t)len, ".zone%u.org", number);
	return test_name(text);
}

/* Puts a random answer for a name: records, response code, extended error, TTL, age. */
static void
put_answer(struct pair *pair, const struct qn_name *name, uint16_t type)
{
	static const uint32_t ttls[] = {1, 5, 20, 300, 86400};
	uint8_t message[4096], value[4096], rdata[64] = {3, 'a', 'b', 'c', 0};
	struct qn_writer writer = qn_writer_of((struct qn_span){message, sizeof(message)});
	const uint16_t answers = (uint16_t)qn_random_below(
	    &pair->random, qn_random_below(&pair->random, 8) == 0 ? 80 : 4);
	const uint16_t authorities = (uint16_t)qn_random_below(&pair->random, 2);
	const uint32_t ttl_s = ttls[qn_random_below(&pair->random, COUNT_OF(ttls))];
	const bool ede = qn_random_below(&pair->random, 8) == 0;
	struct qn_question question = {*name, type, QN_CLASS_IN};
	struct qn_cache_key key;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
	for (uint16_t i = 0; i < answers + authorities; i++)
		qn_write_record(&writer, name, type, QN_CLASS_IN, ttl_s + i % 2,
		    (struct qn_view){rdata, type == QN_TYPE_A ? 4 : 5});
	qn_write_section_count(&writer, QN_SECTION_ANSWER, answers);
	qn_write_section_count(&writer, QN_SECTION_AUTHORITY, authorities);
	assert_false(writer.overflowed);
	const size_t len = qn_answer_encode((struct qn_span){value, sizeof(value)},
	    (struct qn_view){message, writer.at},
	    answers > 0 ? QN_RCODE_NOERROR : QN_RCODE_NXDOMAIN,
	    ede ? QN_EDE_STALE_ANSWER : QN_EDE_NONE);

	assert_true(len > 0);
	qn_cache_key_init(&key, &pair->shared.hash_key, QN_CACHE_ANSWER, name, type);
	assert_true(qn_cache_put(
	    pair->shared.caches[0], &key, ttl_s, (struct qn_view){value, len}, pair->now));
}

static uint16_t
draw_type(struct pair *pair)
{
	static const uint16_t types[] = {QN_TYPE_A, QN_TYPE_A, QN_TYPE_A, QN_TYPE_NS, QN_TYPE_NS,
	    QN_TYPE_ANY, QN_TYPE_OPT, 0, 65280};

	return types[qn_random_below(&pair->random, COUNT_OF(types))];
}

/* --- Frames ------------------------------------------------------------------------------- */

static void
write_options(struct pair *pair, struct qn_writer *writer)
{
	uint8_t octets[40] = {0};

	for (unsigned i = qn_random_below(&pair->random, 3); i > 0; i--) {
		static const uint16_t codes[] = {QN_EDNS_NSID, QN_EDNS_COOKIE, 12, 65001};
		static const size_t lens[] = {0, 8, 24, 40, 7};

		qn_write_edns_option(writer, codes[qn_random_below(&pair->random, 4)],
		    (struct qn_view){octets, lens[qn_random_below(&pair->random, 5)]});
	}
}

static void
write_edns(struct pair *pair, struct qn_writer *writer)
{
	static const uint16_t sizes[] = {0, 511, 512, 513, 600, 1232, 1233, 4096, 65535};
	const uint16_t size = sizes[qn_random_below(&pair->random, COUNT_OF(sizes))];
	const bool dnssec_ok = qn_random_below(&pair->random, 2) == 0;
	const uint16_t rcode = qn_random_below(&pair->random, 16) == 0 ? 0x120 : 0;
	const size_t opt_at = qn_write_edns_begin(writer, size, rcode, dnssec_ok);

	if (qn_random_below(&pair->random, 4) == 0)
		write_options(pair, writer);
	qn_write_edns_end(writer, opt_at);
	qn_write_section_count(writer, QN_SECTION_ADDITIONAL, 1);
	if (qn_random_below(&pair->random, 16) == 0)
		writer->data[opt_at + 6] = 1; /* Version. */
}

/* A query, mostly a proper one. */
static size_t
write_query(struct pair *pair, struct qn_span room)
{
	struct qn_writer writer = qn_writer_of(room);
	struct qn_question question = {.type = draw_type(pair), .class = QN_CLASS_IN};
	uint16_t flags = qn_random_below(&pair->random, 8) == 0 ? 0 : QN_FLAG_RD;

	question.name = pair->names[qn_random_below(&pair->random, NAME_COUNT)];
	for (unsigned i = 0; i < question.name.len; i++)
		if (question.name.octets[i] >= 'a' && qn_random_below(&pair->random, 2) == 0)
			question.name.octets[i] -= 'a' - 'A';
	if (qn_random_below(&pair->random, 16) == 0)
		question.class = QN_CLASS_CH;
	if (qn_random_below(&pair->random, 8) == 0)
		flags |= (uint16_t)(1u << qn_random_below(&pair->random, 16));
	qn_write_header(&writer, (uint16_t)qn_random_u32(&pair->random), flags, 1);
	qn_write_question(&writer, &question);
	if (qn_random_below(&pair->random, 3) != 0)
		write_edns(pair, &writer);
	assert_false(writer.overflowed);
	/* A damaged one: any octet changed, or its end cut off. */
	pair->damaged = true;
	switch (qn_random_below(&pair->random, 12)) {
	case 0:
		room.data[qn_random_below(&pair->random, (uint32_t)writer.at)] =
		    (uint8_t)qn_random_u32(&pair->random);
		break;
	case 1:
		return qn_random_below(&pair->random, (uint32_t)writer.at);
	default:
		pair->damaged = false;
	}
	return writer.at;
}

/* A datagram to the node, of either family, with a tag or not; now and then to nobody. */
static uint32_t
write_frame(struct pair *pair, uint16_t link, struct qn_span room)
{
	const bool ipv6 = qn_random_below(&pair->random, 2) == 0;
	struct qn_path path = {.tagged = link == 1, .vlan_tci = VLAN_ID};
	struct qn_endpoint client = {prefix(ipv6 ? "2001:db8::9" : "10.0.0.9").address, 1024};
	struct qn_endpoint service = {prefix(ipv6 ? "fd00::2" : "10.0.0.2").address, 53};
	const uint16_t payload_at = qn_frame_payload_at(&path, client.address.family);

	memcpy(path.source_mac, client_mac, sizeof(client_mac));
	memcpy(path.destination_mac, node_mac, sizeof(node_mac));
	client.port = (uint16_t)(1 + qn_random_below(&pair->random, 65535));
	client.address.octets[3] = (uint8_t)(1 + qn_random_below(&pair->random, 200));
	if (qn_random_below(&pair->random, 20) == 0)
		client.address.octets[0] = 11; /* Not allowed to ask. */
	if (qn_random_below(&pair->random, 20) == 0)
		service.port = (uint16_t)(1 + qn_random_below(&pair->random, 2000));
	const size_t len =
	    write_query(pair, (struct qn_span){room.data + payload_at, room.len - payload_at});
	const uint32_t frame_len =
	    qn_frame_build_udp(room, &path, &client, &service, (uint16_t)len);

	if (qn_random_below(&pair->random, 50) == 0) {
		room.data[qn_random_below(&pair->random, frame_len)] ^= 1;
		pair->damaged = true;
	}
	return frame_len;
}

/* An IPv4 header longer than usual: options that do nothing, which a reply leaves out. */
static uint32_t
add_ipv4_options(struct qn_span room, uint32_t len, uint16_t l3_at)
{
	uint8_t *header = room.data + l3_at;
	const uint16_t total = (uint16_t)(header[2] << 8 | header[3]);

	if (header[0] != 0x45)
		return len;
	memmove(header + 24, header + 20, len - l3_at - 20u);
	memset(header + 20, 1, 4);
	header[0] = 0x46;
	header[2] = (uint8_t)((total + 4) >> 8);
	header[3] = (uint8_t)(total + 4);
	memset(header + 10, 0, 2);
	qn_checksum_store(header + 10, qn_checksum_add(0, header, 24));
	return len + 4;
}

/* --- The comparison ----------------------------------------------------------------------- */

static void
allow(struct qn_shard_config *config, const char *text)
{
	const struct qn_prefix clients = prefix(text);

	assert_true(qn_prefix_map_add(&config->access, &clients, QN_ACCESS_ALLOW));
}

static void
pair_open(struct pair *pair, uint64_t seed, const struct qn_zones *local)
{
	static const uint8_t shard_seed[QN_RANDOM_SEED_LEN] = {1};
	const struct qn_prefix viewed = prefix("10.0.0.0/25");
	const struct qn_shard_limits limits = {
	    .worker_count = 1,
	    .link_count = 2,
	    .client_max = 64,
	    .task_max = 64,
	    .upstream_max = 64,
	};

	*pair = (struct pair){.random = test_random(seed), .now = test_now_us(1000000)};
	allow(&pair->config, "10.0.0.0/8");
	allow(&pair->config, "2001:db8::/32");
	pair->config.service[0] = prefix("10.0.0.2").address;
	pair->config.service[1] = prefix("fd00::2").address;
	pair->config.service_count = 2;
	pair->config.local = local;
	pair->config.view_count = 1; /* For some clients, there are no local data. */
	assert_true(qn_prefix_map_add(&pair->config.view_of, &viewed, 1));
	pair->config.resolve.use_ipv4 = true;
	pair->config.resolve.hints[0].name = test_name("ns.root");
	pair->config.resolve.hints[0].addresses[0] = prefix("192.0.2.1").address;
	pair->config.resolve.hints[0].address_count = 1;
	pair->config.resolve.hint_count = 1;
	snprintf(pair->config.node_id, sizeof(pair->config.node_id), "node");
	pair->shared.hash_key = (struct qn_hash_key){5, 6};
	pair->shared.caches[0] = qn_cache_init(block(CACHE_LEN), pair->now);
	pair->shared.ports = (void *)block(qn_port_table_size()).data;
	qn_port_table_init(pair->shared.ports);
	for (unsigned i = 0; i < 2; i++) {
		struct qn_link_config link = {
		    .mtu = 1500, .address_count = 2, .tagged = i == 1, .vlan_id = VLAN_ID};

		memcpy(link.mac, node_mac, sizeof(node_mac));
		link.addresses[0] = prefix("10.0.0.2/24");
		link.addresses[1] = prefix("fd00::2/64");
		pair->shared.links[i] = qn_link_init(block(qn_link_size()), &link);
	}
	pair->quick = qn_shard_init(block(qn_shard_size(&limits)), &limits, &pair->shared,
	    &pair->config, shard_seed, pair->now);
	pair->whole = qn_shard_init(block(qn_shard_size(&limits)), &limits, &pair->shared,
	    &pair->config, shard_seed, pair->now);
	for (unsigned i = 0; i < NAME_COUNT; i++)
		pair->names[i] = name_of(i);
}

static void
pair_close(struct pair *pair)
{
	free(pair->quick);
	free(pair->whole);
	free(pair->shared.caches[0]);
	free(pair->shared.ports);
	free(pair->shared.links[0]);
	free(pair->shared.links[1]);
}

static uint64_t
cache_hits(const struct qn_shard *shard)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++)
		if (strcmp(qn_shard_figure(i).name, "cache_hits") == 0)
			return qn_shard_figure_value(shard, i);
	fail_msg("no such figure");
	return 0;
}

/*
 * Gives to input() what answer_hits() has left. What it did not know is no hit then, either, unless
 * damage has made of the question what only the long way reads.
 */
static enum qn_shard_verdict
input_rest(struct pair *pair, uint16_t link, struct qn_packet *packet, enum qn_shard_hit outcome,
    bool damaged)
{
	const uint64_t before = cache_hits(pair->quick);
	const enum qn_shard_verdict verdict =
	    qn_shard_input(pair->quick, link, packet, pair->now).verdict;

	if (outcome == QN_SHARD_KNOWN) {
		assert_int_equal(verdict, QN_SHARD_SEND);
		pair->known_count++;
	} else if (!damaged) {
		assert_int_equal(cache_hits(pair->quick), before);
	}
	return verdict;
}

/* A burst through both; `link` is the one it comes from. */
static void
pair_burst(struct pair *pair, uint16_t link)
{
	static uint8_t quick_room[QN_SHARD_BURST_MAX][FRAME_ROOM];
	static uint8_t whole_room[QN_SHARD_BURST_MAX][FRAME_ROOM];
	const uint32_t count = 1 + qn_random_below(&pair->random, QN_SHARD_BURST_MAX);
	struct qn_packet quick[QN_SHARD_BURST_MAX];
	struct qn_packet whole[QN_SHARD_BURST_MAX];
	enum qn_shard_hit outcomes[QN_SHARD_BURST_MAX];
	bool damaged[QN_SHARD_BURST_MAX];
	enum qn_shard_verdict verdict;

	for (uint32_t i = 0; i < count; i++) {
		const struct qn_span room = {quick_room[i], FRAME_ROOM};
		const uint16_t l3_at = qn_frame_l3_at(link == 1);
		/* Devices that lend no more room than the longest frame of the link. */
		const uint32_t capacity =
		    qn_random_below(&pair->random, 4) == 0 ? 1518 : FRAME_ROOM;
		uint32_t len = write_frame(pair, link, room);

		damaged[i] = pair->damaged;
		if (qn_random_below(&pair->random, 10) == 0)
			len = add_ipv4_options(room, len, l3_at);
		memcpy(whole_room[i], quick_room[i], len);
		quick[i] = (struct qn_packet){quick_room[i], len, capacity, NULL};
		whole[i] = (struct qn_packet){whole_room[i], len, capacity, NULL};
	}
	qn_shard_answer_hits(pair->quick, link, quick, count, outcomes, pair->now);
	for (uint32_t i = 0; i < count; i++) {
		if (outcomes[i] == QN_SHARD_HIT) {
			verdict = QN_SHARD_SEND;
			pair->hit_count++;
		} else {
			verdict = input_rest(pair, link, &quick[i], outcomes[i], damaged[i]);
		}
		assert_int_equal(
		    qn_shard_input(pair->whole, link, &whole[i], pair->now).verdict, verdict);
		assert_int_equal(quick[i].len, whole[i].len);
		assert_memory_equal(quick[i].data, whole[i].data, whole[i].len);
	}
}

static void
compare_figures(const struct pair *pair)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++) {
		const uint64_t quick = qn_shard_figure_value(pair->quick, i);

		if (quick != qn_shard_figure_value(pair->whole, i))
			fail_msg("%s%s: %llu and %llu", qn_shard_figure(i).prefix,
			    qn_shard_figure(i).name, (unsigned long long)quick,
			    (unsigned long long)qn_shard_figure_value(pair->whole, i));
	}
}

static uint64_t
option(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static void
compare(const struct qn_zones *local)
{
	const uint64_t steps = option("QN_STEPS", STEPS);
	struct pair pair;

	pair_open(&pair, option("QN_SEED", 1), local);
	for (uint64_t step = 0; step < steps; step += QN_SHARD_BURST_MAX / 2) {
		const struct qn_name *name = &pair.names[qn_random_below(&pair.random, NAME_COUNT)];

		put_answer(&pair, name, draw_type(&pair));
		pair.now =
		    test_now_us(pair.now.mono.us + qn_random_below(&pair.random, 2 * QN_US_PER_S));
		pair_burst(&pair, (uint16_t)qn_random_below(&pair.random, 2));
	}
	compare_figures(&pair);
	print_message("# %u plain hits, %u others\n", pair.hit_count, pair.known_count);
	assert_true(pair.hit_count > steps / 20);
	assert_true(pair.known_count > steps / 50);
	pair_close(&pair);
}

TEST(plain_hits_are_what_the_long_way_gives)
{
	compare(NULL);
}

/* What is local, or looks as if it might be, is decided as on the long way too. */
TEST(plain_hits_leave_the_first_word_to_local_data)
{
	static const struct qn_zone_item items[] = {
	    {.path = {(const uint8_t *)"\7example\5local", 15}, .kind = QN_ZONE_REFUSE},
	    {.path = {(const uint8_t *)"\7invalid", 9}, .kind = QN_ZONE_ALWAYS_NXDOMAIN},
	};
	const struct qn_span room = block(qn_zones_size(items, COUNT_OF(items)));

	compare(qn_zones_init(room, items, COUNT_OF(items), NULL));
	free(room.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_hits_are_what_the_long_way_gives),
	    cmocka_unit_test(plain_hits_leave_the_first_word_to_local_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
