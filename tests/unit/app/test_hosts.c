/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hosts file: what becomes of its lines, and the sentence for each way to be wrong.
 */
#include "support/message.h"
#include "zonefile/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HUGE_LINES 200000

static char path[] = "/tmp/quince-hosts-XXXXXX";

static int
make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
write_text(const char *text, size_t text_len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, text_len, file), text_len);
	assert_int_equal(fclose(file), 0);
}

/* What was said, a line each: "LINE: sentence". */
static char said[4096];

static void
take_complaint(void *context, unsigned line, const char *sentence)
{
	const size_t len = strlen(said);

	assert_ptr_equal(context, said);
	snprintf(said + len, sizeof(said) - len, "%u: %s\n", line, sentence);
}

static bool
read_file(struct qn_zone_list *list)
{
	said[0] = '\0';
	qn_zone_list_init(list);
	return qn_hosts_read(list, path, take_complaint, said);
}

static void
assert_complains(const char *text, size_t text_len, const char *expected)
{
	struct qn_zone_list list;

	write_text(text, text_len);
	assert_false(read_file(&list));
	assert_string_equal(said, expected);
	qn_zone_list_fini(&list);
}

/* The items of a list in their order, a record a line. */
static char *
list_text(struct qn_zone_list *list)
{
	char *text = NULL;
	size_t text_len;
	FILE *out = open_memstream(&text, &text_len);

	assert_non_null(out);
	qn_zone_list_sort(list);
	for (size_t i = 0; i < list->count; i++) {
		const struct qn_zone_item *item = &list->items[i];
		uint8_t room[512];
		size_t len = 0;
		struct qn_rrset rrset = {
		    .type = item->type, .class = QN_CLASS_IN, .ttl_s = item->ttl_s, .count = 1};

		qn_zone_path_name(&rrset.owner, item->path);
		assert_true(
		    qn_rdatas_append((struct qn_span){room, sizeof(room)}, &len, item->rdata));
		rrset.rdatas = (struct qn_view){room, len};
		fprintf(out, "%s\n", test_rrset_text(&rrset, 0));
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
assert_items(const char *text, const char *expected)
{
	struct qn_zone_list list;
	char *items;

	write_text(text, strlen(text));
	assert_true(read_file(&list));
	assert_string_equal(said, "");
	items = list_text(&list);
	assert_string_equal(items, expected);
	free(items);
	qn_zone_list_fini(&list);
}

TEST(names_and_addresses)
{
	assert_items("", "");
	assert_items("# nothing\n\n   \t# at all\r\n", "");
	assert_items("192.0.2.1 www.example www\n"
		     "\t2001:db8::1\tWWW.example.\t# the same host\r\n"
		     "192.0.2.2 mail.example",
	    "www. 300 A 192.0.2.1\n"
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 PTR "
	    "www.example.\n"
	    "1.2.0.192.in-addr.arpa. 300 PTR www.example.\n"
	    "2.2.0.192.in-addr.arpa. 300 PTR mail.example.\n"
	    "www.example. 300 A 192.0.2.1\n"
	    "www.example. 300 AAAA 2001:db8::1\n"
	    "mail.example. 300 A 192.0.2.2\n");
}

/* An address has the first name of its first line, whatever follows. */
TEST(one_name_for_an_address)
{
	assert_items("10.0.0.9 first.lan other.lan\n10.0.0.9 second.lan\n",
	    "first.lan. 300 A 10.0.0.9\n"
	    "other.lan. 300 A 10.0.0.9\n"
	    "second.lan. 300 A 10.0.0.9\n"
	    "9.0.0.10.in-addr.arpa. 300 PTR first.lan.\n");
}

/* Under these a block list has anything. */
TEST(no_name_for_nowhere)
{
	assert_items("0.0.0.0 a\n127.0.0.1 b\n127.0.1.1 c\n:: d\n::1 e\n", "a. 300 A 0.0.0.0\n"
									   "b. 300 A 127.0.0.1\n"
									   "c. 300 A 127.0.1.1\n"
									   "d. 300 AAAA ::\n"
									   "e. 300 AAAA ::1\n");
}

TEST(addresses_of_interfaces_are_passed_over)
{
	assert_items("fe80::1%lo0 localhost\n", "");
}

TEST(errors_have_their_lines)
{
	static const char zero[] = "10.0.0.1 a\n10.0.0.2 b\0c\n10.0.0.300 d\n";
	static const char wrong[] = "10.0.0.1 a\nlocalhost 127.0.0.1\n10.0.0.2 # b\n"
				    "10.0.0.3 ok a..b .\n";

	assert_complains(wrong, sizeof(wrong) - 1,
	    "2: \"localhost\" is not an IPv4 or IPv6 address.\n"
	    "3: there is no name behind the address.\n"
	    "4: \"a..b\" is not the name of a host.\n"
	    "4: \".\" is not the name of a host.\n");
	assert_complains(zero, sizeof(zero) - 1, "2: holds a zero octet; this is no hosts file.\n");
}

TEST(errors_end)
{
	char text[30 * 2 + 1] = "";
	unsigned lines = 0;
	struct qn_zone_list list;

	for (unsigned i = 0; i < 30; i++)
		strcat(text, "x\n");
	write_text(text, strlen(text));
	assert_false(read_file(&list));
	for (const char *at = said; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 21);
	assert_non_null(strstr(said, "20: the lines behind this one were not read any more.\n"));
	qn_zone_list_fini(&list);
}

TEST(no_such_file)
{
	struct qn_zone_list list;

	qn_zone_list_init(&list);
	said[0] = '\0';
	assert_false(qn_hosts_read(&list, "/nowhere/hosts", take_complaint, said));
	assert_string_equal(said, "0: cannot be opened: No such file or directory.\n");
	said[0] = '\0';
	assert_false(qn_hosts_read(&list, "/", take_complaint, said));
	assert_string_equal(said, "0: cannot be read: Is a directory.\n");
	qn_zone_list_fini(&list);
}

/* Hosts of their own addresses, each with an alias. */
TEST(many_lines)
{
	FILE *file = fopen(path, "w");
	const struct qn_name last = test_name("host-199999.example.net");
	struct qn_zone_list list;
	struct qn_zone_match match;
	const struct qn_zones *zones;

	assert_non_null(file);
	for (unsigned i = 0; i < HUGE_LINES; i++)
		fprintf(file, "10.%u.%u.%u host-%u.example.net host-%u\n", i >> 16, i >> 8 & 255,
		    i & 255, i, i);
	assert_int_equal(fclose(file), 0);
	assert_true(read_file(&list));
	assert_int_equal(list.count, 3 * HUGE_LINES);
	qn_zone_list_sort(&list);
	assert_in_range(qn_zones_size(list.items, list.count), 1, 250 * HUGE_LINES);
	zones = qn_zone_list_build(&list, NULL);
	assert_non_null(zones);
	assert_int_equal(qn_zones_find(zones, &last, QN_TYPE_A, &match), QN_ZONE_DATA);
	qn_zone_list_free_built(zones);
	qn_zone_list_fini(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_addresses),
	    cmocka_unit_test(one_name_for_an_address),
	    cmocka_unit_test(no_name_for_nowhere),
	    cmocka_unit_test(addresses_of_interfaces_are_passed_over),
	    cmocka_unit_test(errors_have_their_lines),
	    cmocka_unit_test(errors_end),
	    cmocka_unit_test(no_such_file),
	    cmocka_unit_test(many_lines),
	};

	return cmocka_run_group_tests_name("hosts", tests, make_file, remove_file);
}
