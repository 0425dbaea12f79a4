/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/interface.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int
request(int fd, unsigned long code, const char *name, struct ifreq *ifreq)
{
	snprintf(ifreq->ifr_name, sizeof(ifreq->ifr_name), "%s", name);
	return ioctl(fd, code, ifreq) == 0 ? 0 : -errno;
}

/* A device without the notion of channels has one queue (ethtool -l). */
static uint32_t
queue_count_read(int fd, const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifreq = {.ifr_data = (char *)&channels};

	if (request(fd, SIOCETHTOOL, name, &ifreq) != 0)
		return 1;
	return channels.combined_count + channels.rx_count > 0
	           ? channels.combined_count + channels.rx_count
	           : 1;
}

static int
interface_read(int fd, const char *name, struct qn_interface *interface)
{
	struct ifreq ifreq = {0};
	int rc = request(fd, SIOCGIFINDEX, name, &ifreq);

	if (rc != 0)
		return rc;
	interface->index = ifreq.ifr_ifindex;
	rc = request(fd, SIOCGIFMTU, name, &ifreq);
	if (rc != 0)
		return rc;
	interface->mtu = ifreq.ifr_mtu < UINT16_MAX ? (uint16_t)ifreq.ifr_mtu : UINT16_MAX;
	rc = request(fd, SIOCGIFFLAGS, name, &ifreq);
	if (rc != 0)
		return rc;
	interface->up = (ifreq.ifr_flags & IFF_UP) != 0;
	interface->queue_count = queue_count_read(fd, name);
	return 0;
}

int
qn_interface_read(const char *name, struct qn_interface *interface)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = interface_read(fd, name, interface);
	close(fd);
	return rc;
}

bool
qn_interface_running(const char *name)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifreq = {0};
	bool running;

	if (fd < 0)
		return false;
	running = request(fd, SIOCGIFFLAGS, name, &ifreq) == 0 &&
	          (ifreq.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	close(fd);
	return running;
}

int
qn_interface_hear_multicast(int index)
{
	const struct packet_mreq wish = {.mr_ifindex = index, .mr_type = PACKET_MR_ALLMULTI};
	/* Protocol 0: this socket receives no frame. */
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &wish, sizeof(wish)) == 0)
		return fd;
	const int rc = -errno;

	close(fd);
	return rc;
}

int
qn_interface_busy_poll(void)
{
	const int on = 1;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on)) == 0 ? 0 : -errno;
	close(fd);
	return rc;
}
