/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator may write for a device, and what becomes of it.
 */
#include "port/device.h"
#include "support/test.h"

#include <string.h>

static struct qn_device device;
static char sentence[512];

static int
parse(const char *text, uint16_t queue_count)
{
	const struct qn_port_error error = {sentence, sizeof(sentence)};

	sentence[0] = '\0';
	return qn_device_parse(&device, text, queue_count, &error);
}

static void
accepts(const char *text, uint16_t queue_count, enum qn_device_kind kind, const char *name,
    const char *arguments)
{
	if (parse(text, queue_count) != 0)
		fail_msg("%s", sentence);
	assert_int_equal(device.kind, kind);
	assert_string_equal(device.text, text);
	assert_string_equal(device.name, name);
	assert_string_equal(device.arguments, arguments);
}

static void
refuses(const char *text, uint16_t queue_count, const char *words)
{
	assert_true(parse(text, queue_count) < 0);
	if (strstr(sentence, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", sentence, words);
}

TEST(reads_pci_addresses)
{
	accepts("0000:3b:00.0", 4, QN_DEVICE_PCI, "0000:3b:00.0", "");
	accepts("3b:00.1", 4, QN_DEVICE_PCI, "0000:3b:00.1", "");
	accepts("0001:AF:1f.7,queues=4", 4, QN_DEVICE_PCI, "0001:af:1f.7", "queues=4");
	refuses("3b:20.0", 1, "neither a PCI address");
	refuses("3b:00.8", 1, "neither a PCI address");
	refuses("3b:00", 1, "neither a PCI address");
	refuses("3b:00.0x", 1, "neither a PCI address");
	refuses("00003:3b:00.0", 1, "neither a PCI address");
}

TEST(completes_af_packet)
{
	accepts("net_af_packet0,iface=eth1", 3, QN_DEVICE_AF_PACKET, "net_af_packet0",
	    "iface=eth1,qpairs=3,framecnt=2048");
	assert_string_equal(device.interface, "eth1");
	accepts("net_af_packet0,iface=eth1,qpairs=3,framecnt=512", 3, QN_DEVICE_AF_PACKET,
	    "net_af_packet0", "iface=eth1,qpairs=3,framecnt=512");
	accepts("net_af_packet1,blocksz=8192,iface=e", 1, QN_DEVICE_AF_PACKET, "net_af_packet1",
	    "blocksz=8192,iface=e,qpairs=1");
	refuses("net_af_packet0", 1, "net_af_packet0,iface=eth1");
	refuses("net_af_packet0,iface=", 1, "name of a network interface");
	refuses("net_af_packet0,myiface=eth1", 1, "name of a network interface");
	refuses("net_af_packet0,iface=sixteen-octets-x", 1, "name of a network interface");
	refuses("net_af_packet0,iface=eth1,qpairs=2", 3, "number of workers, 3");
	refuses("net_af_packet0,iface=eth1,qpairs=3x", 3, "number of workers, 3");
	refuses("net_af_packet0,iface=eth1,qpairs=", 3, "number of workers, 3");
}

TEST(completes_af_xdp)
{
	accepts("net_af_xdp0,iface=eth1", 2, QN_DEVICE_AF_XDP, "net_af_xdp0",
	    "iface=eth1,start_queue=0,queue_count=2");
	assert_string_equal(device.interface, "eth1");
	assert_false(device.queues_chosen);
	accepts("net_af_xdp0,iface=eth1,start_queue=4", 2, QN_DEVICE_AF_XDP, "net_af_xdp0",
	    "iface=eth1,start_queue=4,queue_count=2");
	assert_true(device.queues_chosen);
	accepts("net_af_xdp0,iface=eth1,busy_budget=1", 1, QN_DEVICE_AF_XDP, "net_af_xdp0",
	    "iface=eth1,busy_budget=1,start_queue=0,queue_count=1");
	refuses("net_af_xdp0,iface=eth1,busy_budget=0", 1, "busy_budget has to be at least 1");
	refuses("net_af_xdp0,iface=eth1,queue_count=1", 2, "number of workers, 2");
	refuses("net_af_xdp0,iface=eth1,shared_umem=1", 1, "shared_umem is not supported");
}

TEST(passes_other_devices_on)
{
	accepts("net_ring0", 2, QN_DEVICE_OTHER, "net_ring0", "");
	accepts("net_tap0,iface=tap0", 2, QN_DEVICE_TAP, "net_tap0", "iface=tap0");
	assert_string_equal(device.interface, "");
	accepts("net_pcap0,rx_pcap=a,tx_pcap=b", 1, QN_DEVICE_OTHER, "net_pcap0",
	    "rx_pcap=a,tx_pcap=b");
}

TEST(refuses_the_rest)
{
	char longest[300];

	refuses("", 1, "neither a PCI address");
	refuses("eth0", 1, "neither a PCI address");
	refuses("net_ring0 --vdev=net_null0", 1, "has a space");
	refuses("net_ring0\n", 1, "has a space or an unprintable");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	refuses(longest, 1, "too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_pci_addresses),
	    cmocka_unit_test(completes_af_packet),
	    cmocka_unit_test(completes_af_xdp),
	    cmocka_unit_test(passes_other_devices_on),
	    cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
