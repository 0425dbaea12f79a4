/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/neighbour.h"

#define WAY_COUNT 8 /* Entries that one address may be in: a set. */
#define SET_COUNT (QN_NEIGHBOUR_COUNT / WAY_COUNT)

/* A word, from the top: 48 bits of station, 13 of generation, 3 of state. */
#define STATE_BITS      3
#define GENERATION_BITS 13
#define STATION_SHIFT   (STATE_BITS + GENERATION_BITS)
#define GENERATION_UNIT (1ull << STATE_BITS)
#define GENERATION_MASK (((1ull << GENERATION_BITS) - 1) << STATE_BITS)
#define STATE_MASK      (GENERATION_UNIT - 1)

/* A request's time and number in one word, so that taking a request is one exchange. */
#define ASKED_COUNT_BITS 8
#define ASKED_COUNT_MAX  ((1u << ASKED_COUNT_BITS) - 1)

#define RETRY_US       QN_US_PER_S        /* RFC 1122 s2.3.2.1, RFC 4861 s10. */
#define LOCK_US        QN_US_PER_S        /* For how long a proof cannot be contradicted. */
#define WANTED_US      (3 * QN_US_PER_S)  /* MAX_MULTICAST_SOLICIT requests, 1 s apart. */
#define ANSWER_US      (3 * QN_US_PER_S)  /* For how long an answer may take. */
#define REFRESH_US     (15 * QN_US_PER_S) /* A proof older than this is renewed. */
#define REACHABLE_US   (30 * QN_US_PER_S) /* REACHABLE_TIME, RFC 4861 s10. */
#define WANTED_STEP_US QN_US_PER_S        /* Writes to a busy entry are at least this far apart. */
#define UNICAST_COUNT  3                  /* MAX_UNICAST_SOLICIT. */
#define SILENT_COUNT   6                  /* So many requests unanswered: it is gone. */

/* What the word of an entry says; in this order. */
enum state {
	STATE_FREE,       /* Never used. */
	STATE_BUSY,       /* Is being given to an address just now. */
	STATE_UNRESOLVED, /* Its station is not known. */
	STATE_HEARSAY,    /* Somebody said so: good enough to use, to be proved. */
	STATE_PROVED,     /* Answered a request of ours. */
};

/* An entry, and the word under which its address was found. */
struct found {
	struct qn_neighbour *entry; /* NULL: not found. */
	uint64_t word;
};

static enum state
word_state(uint64_t word)
{
	return (enum state)(word & STATE_MASK);
}

static bool
word_is_live(uint64_t word)
{
	return word_state(word) >= STATE_UNRESOLVED;
}

static bool
word_is_known(uint64_t word)
{
	return word_state(word) >= STATE_HEARSAY;
}

static bool
same_generation(uint64_t a, uint64_t b)
{
	return ((a ^ b) & GENERATION_MASK) == 0;
}

static uint64_t
mac_bits(const uint8_t *mac)
{
	uint64_t bits = 0;

	memcpy(&bits, mac, QN_MAC_OCTETS);
	return bits << STATION_SHIFT;
}

static void
word_mac(uint64_t word, uint8_t mac[QN_MAC_OCTETS])
{
	word >>= STATION_SHIFT;
	memcpy(mac, &word, QN_MAC_OCTETS);
}

/* `word` with another station and state. */
static uint64_t
word_change(uint64_t word, const uint8_t *mac, enum state state)
{
	return mac_bits(mac) | (word & GENERATION_MASK) | (uint64_t)state;
}

static uint64_t
load(const _Atomic uint64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

static void
store(_Atomic uint64_t *to, uint64_t value)
{
	atomic_store_explicit(to, value, memory_order_relaxed);
}

static bool
exchange(_Atomic uint64_t *at, uint64_t expected, uint64_t value)
{
	return atomic_compare_exchange_strong_explicit(
	    at, &expected, value, memory_order_acq_rel, memory_order_relaxed);
}

static uint64_t
elapsed_us(uint64_t since_us, struct qn_now now)
{
	return qn_mono_since_us((struct qn_mono){since_us}, now.mono);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
asked_us(uint64_t asked)
{
	return asked >> ASKED_COUNT_BITS;
}

/* Requests since the last answer. */
static uint32_t
asked_count(uint64_t asked)
{
	return (uint32_t)(asked & ASKED_COUNT_MAX);
}

static uint64_t
asked_word(uint64_t time_us, uint32_t count)
{
	return time_us << ASKED_COUNT_BITS | (count < ASKED_COUNT_MAX ? count : ASKED_COUNT_MAX);
}

/* The octets of an address as two words; those of an IPv4 address are the first 4. */
struct key {
	uint64_t words[2];
};

static struct key
key_of(const struct qn_address *address)
{
	struct key key;

	memcpy(key.words, address->octets, sizeof(key.words));
	return key;
}

/*
 * The address and the word of an entry, read while others may be giving the entry away: when
 * `*key` holds anything of the next address, then the word read behind it shows that. (The
 * loads of the key acquire what the stores of the next key released.)
 */
static uint64_t
entry_read(const struct qn_neighbour *entry, struct key *key)
{
	const uint64_t word = atomic_load_explicit(&entry->word, memory_order_acquire);

	for (size_t i = 0; i < 2; i++)
		key->words[i] = atomic_load_explicit(&entry->key[i], memory_order_acquire);
	return same_generation(word, load(&entry->word)) ? word : STATE_BUSY;
}

static bool
entry_matches(const struct qn_neighbour *entry, const struct key *key, uint64_t *word)
{
	struct key found;

	*word = entry_read(entry, &found);
	return word_is_live(*word) && found.words[0] == key->words[0] &&
	       found.words[1] == key->words[1];
}

static struct qn_neighbour *
set_of(struct qn_neighbours *neighbours, const struct key *key)
{
	const struct qn_view bytes = {(const uint8_t *)key->words, sizeof(key->words)};
	const uint64_t hash = qn_hash(&neighbours->hash_key, bytes);

	return &neighbours->entries[hash % SET_COUNT * WAY_COUNT];
}

static struct found
find_among(struct qn_neighbour *entries, uint32_t count, const struct key *key)
{
	struct found found = {0};

	for (uint32_t i = 0; i < count; i++)
		if (entry_matches(&entries[i], key, &found.word)) {
			found.entry = &entries[i];
			break;
		}
	return found;
}

static struct found
find(struct qn_neighbours *neighbours, const struct key *key)
{
	const struct found gateway =
	    find_among(neighbours->gateways, neighbours->gateway_count, key);

	if (gateway.entry != NULL)
		return gateway;
	return find_among(set_of(neighbours, key), WAY_COUNT, key);
}

/*
 * Gives an entry, whose word is `word`, to an address. Whoever still works with the entry
 * for the old address fails from here on, because the generation is another. False when
 * somebody else was faster.
 */
static bool
entry_assign(struct qn_neighbour *entry, uint64_t word, const struct key *key, uint64_t until_us)
{
	const uint64_t generation = (word + GENERATION_UNIT) & GENERATION_MASK;

	if (!exchange(&entry->word, word, generation | STATE_BUSY))
		return false;
	for (size_t i = 0; i < 2; i++)
		atomic_store_explicit(&entry->key[i], key->words[i], memory_order_release);
	store(&entry->wanted_until_us, until_us);
	store(&entry->asked, 0);
	atomic_store_explicit(&entry->word, generation | STATE_UNRESOLVED, memory_order_release);
	return true;
}

/* In which order entries may be given away, least first; those in use never. */
static uint64_t
entry_rank(const struct qn_neighbour *entry, uint64_t word, struct qn_now now)
{
	const uint64_t until_us = load(&entry->wanted_until_us);

	if (word_state(word) == STATE_FREE)
		return 0;
	if (word_state(word) == STATE_BUSY || until_us > now.mono.us)
		return QN_NEIGHBOUR_NEVER;
	return word_is_known(word) ? QN_NEIGHBOUR_NEVER / 2 + until_us : until_us;
}

/* The entry of a set to give away first; `entry` is NULL when all are in use. */
static struct found
find_victim(struct qn_neighbour *set, struct qn_now now)
{
	uint64_t rank_min = QN_NEIGHBOUR_NEVER;
	struct found victim = {0};

	for (uint32_t i = 0; i < WAY_COUNT; i++) {
		const uint64_t word = atomic_load_explicit(&set[i].word, memory_order_acquire);
		const uint64_t rank = entry_rank(&set[i], word, now);

		if (rank < rank_min) {
			rank_min = rank;
			victim = (struct found){&set[i], word};
		}
	}
	return victim;
}

/* Two workers may add one address twice at once: the second entry is soon unwanted. */
static bool
add(struct qn_neighbours *neighbours, const struct key *key, struct qn_now now)
{
	const struct found victim = find_victim(set_of(neighbours, key), now);

	return victim.entry != NULL &&
	       entry_assign(victim.entry, victim.word, key, now.mono.us + WANTED_US);
}

/* Makes an entry wanted for longer; false when that is not worth a write yet. */
static bool
entry_want(struct qn_neighbour *entry, struct qn_now now)
{
	const uint64_t until_us = now.mono.us + WANTED_US;

	if (load(&entry->wanted_until_us) > until_us - WANTED_STEP_US)
		return false;
	store(&entry->wanted_until_us, until_us);
	return true;
}

/* When to ask about an entry next, as long as it is wanted. */
static uint64_t
entry_due_us(const struct qn_neighbour *entry, uint64_t word, uint64_t asked)
{
	const uint64_t retry_us = asked == 0 ? 0 : asked_us(asked) + RETRY_US;

	if (word_state(word) != STATE_PROVED)
		return retry_us;
	return later(retry_us, load(&entry->proved_us) + REFRESH_US);
}

void
qn_neighbours_init(
    struct qn_neighbours *neighbours, uint8_t family, const struct qn_hash_key *hash_key)
{
	neighbours->family = family;
	neighbours->hash_key = *hash_key;
}

void
qn_neighbours_add_gateway(struct qn_neighbours *neighbours, const struct qn_address *address)
{
	const struct key key = key_of(address);
	struct qn_neighbour *gateway;

	qn_assert(neighbours->gateway_count < QN_NEIGHBOUR_GATEWAY_MAX);
	qn_assert(address->family == neighbours->family);
	gateway = &neighbours->gateways[neighbours->gateway_count++];
	qn_assert(entry_assign(gateway, STATE_FREE, &key, QN_NEIGHBOUR_NEVER));
}

struct qn_neighbour_use
qn_neighbours_use(struct qn_neighbours *neighbours, const struct qn_address *address,
    struct qn_now now, uint8_t mac[QN_MAC_OCTETS])
{
	const struct key key = key_of(address);
	const struct found found = find(neighbours, &key);
	struct qn_neighbour_use use = {.due_us = QN_NEIGHBOUR_NEVER};

	if (found.entry == NULL) {
		if (add(neighbours, &key, now))
			use.due_us = now.mono.us;
		return use;
	}
	use.known = word_is_known(found.word);
	if (use.known)
		word_mac(found.word, mac);
	if (entry_want(found.entry, now))
		use.due_us = entry_due_us(found.entry, found.word, load(&found.entry->asked));
	return use;
}

/* Whether a request went out that an answer may belong to. */
static bool
is_waiting(uint64_t asked, struct qn_now now)
{
	return asked_count(asked) > 0 && elapsed_us(asked_us(asked), now) <= ANSWER_US;
}

static bool
is_locked(struct found found, struct qn_now now)
{
	return word_state(found.word) == STATE_PROVED &&
	       elapsed_us(load(&found.entry->proved_us), now) < LOCK_US;
}

/* Takes over an answer to our request; losing to another worker's news does no harm. */
static void
entry_prove(struct found found, const uint8_t *mac, struct qn_now now)
{
	struct qn_neighbour *entry = found.entry;

	store(&entry->proved_us, now.mono.us);
	store(&entry->asked, asked_word(asked_us(load(&entry->asked)), 0));
	(void)exchange(&entry->word, found.word, word_change(found.word, mac, STATE_PROVED));
}

/* Takes over what was said without our asking, and asks; the same goes for losing. */
static void
entry_doubt(struct found found, const uint8_t *mac, uint64_t *due_us)
{
	const uint64_t word = word_change(found.word, mac, STATE_HEARSAY);

	(void)exchange(&found.entry->word, found.word, word);
	*due_us = earlier(*due_us, entry_due_us(found.entry, word, load(&found.entry->asked)));
}

/* News that name another station than the one we know (RFC 4861 s7.2.5). */
static enum qn_neighbour_learned
learn_other(
    struct found found, const struct qn_neighbour_news *news, struct qn_now now, uint64_t *due_us)
{
	uint8_t mac[QN_MAC_OCTETS];

	if (is_locked(found, now))
		return QN_NEIGHBOUR_TOO_SOON;
	word_mac(found.word, mac);
	if (!news->override)
		entry_doubt(found, mac, due_us);
	else if (news->answer)
		entry_prove(found, news->mac, now);
	else
		entry_doubt(found, news->mac, due_us);
	return QN_NEIGHBOUR_LEARNED;
}

enum qn_neighbour_learned
qn_neighbours_learn(struct qn_neighbours *neighbours, const struct qn_neighbour_news *news,
    struct qn_now now, uint64_t *due_us)
{
	const struct key key = key_of(&news->address);
	const struct found found = find(neighbours, &key);
	const bool known = word_is_known(found.word);
	uint8_t mac[QN_MAC_OCTETS];

	if (found.entry == NULL)
		return QN_NEIGHBOUR_STRANGER;
	if (news->answer && !is_waiting(load(&found.entry->asked), now))
		return QN_NEIGHBOUR_NOT_ASKED;
	if (!known && news->mac == NULL)
		return QN_NEIGHBOUR_NO_STATION;
	word_mac(found.word, mac);
	if (known && news->mac != NULL && !qn_mac_equal(news->mac, mac))
		return learn_other(found, news, now, due_us);
	if (news->answer)
		entry_prove(found, known ? mac : news->mac, now);
	else if (!known)
		entry_doubt(found, news->mac, due_us);
	return QN_NEIGHBOUR_LEARNED;
}

static bool
is_silent(const struct qn_neighbour *gateway)
{
	return asked_count(load(&gateway->asked)) >= SILENT_COUNT;
}

static int
first_gateway(const struct qn_neighbours *neighbours, bool silent_too, uint8_t mac[QN_MAC_OCTETS])
{
	for (int i = 0; i < neighbours->gateway_count; i++) {
		const struct qn_neighbour *gateway = &neighbours->gateways[i];
		const uint64_t word = load(&gateway->word);

		if (!word_is_known(word))
			continue;
		if (!silent_too && is_silent(gateway))
			continue;
		word_mac(word, mac);
		return i;
	}
	return -1;
}

int
qn_neighbours_gateway(const struct qn_neighbours *neighbours, uint8_t mac[QN_MAC_OCTETS])
{
	const int answering = first_gateway(neighbours, false, mac);

	return answering >= 0 ? answering : first_gateway(neighbours, true, mac);
}

bool
qn_neighbours_resolved(const struct qn_neighbours *neighbours, struct qn_now now)
{
	for (uint32_t i = 0; i < neighbours->gateway_count; i++) {
		const struct qn_neighbour *gateway = &neighbours->gateways[i];

		if (word_state(load(&gateway->word)) == STATE_PROVED && !is_silent(gateway) &&
		    elapsed_us(load(&gateway->proved_us), now) < REACHABLE_US)
			return true;
	}
	return neighbours->gateway_count == 0;
}

/* Takes the request that an entry is due for; without one lowers `*due_us`. */
static bool
entry_take_request(struct qn_neighbour *entry, struct qn_now now,
    struct qn_neighbour_request *request, uint64_t *due_us)
{
	struct key key;
	const uint64_t word = entry_read(entry, &key);
	const uint64_t asked = load(&entry->asked);
	const uint64_t until_us = load(&entry->wanted_until_us);
	const uint64_t entry_us = entry_due_us(entry, word, asked);

	if (!word_is_live(word) || later(entry_us, now.mono.us) >= until_us)
		return false;
	if (entry_us > now.mono.us ||
	    !exchange(&entry->asked, asked, asked_word(now.mono.us, asked_count(asked) + 1))) {
		*due_us = earlier(*due_us, later(entry_us, now.mono.us));
		return false;
	}
	memcpy(request->address.octets, key.words, sizeof(key.words));
	request->to_station = word_is_known(word) && asked_count(asked) < UNICAST_COUNT;
	word_mac(word, request->mac);
	return true;
}

bool
qn_neighbours_next(struct qn_neighbours *neighbours, struct qn_now now,
    struct qn_neighbour_request *request, uint64_t *due_us)
{
	*request = (struct qn_neighbour_request){.address.family = neighbours->family};
	for (uint32_t i = 0; i < neighbours->gateway_count; i++)
		if (entry_take_request(&neighbours->gateways[i], now, request, due_us))
			return true;
	for (uint32_t i = 0; i < QN_NEIGHBOUR_COUNT; i++)
		if (entry_take_request(&neighbours->entries[i], now, request, due_us))
			return true;
	return false;
}
