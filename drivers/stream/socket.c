/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* What the kernel keeps of replies to one client: it would otherwise be megabytes. */
#define SEND_BUFFER_LEN (256 << 10)

/* Connections that the kernel keeps until they are accepted. */
#define BACKLOG 4096

socklen_t
qn_sockaddr_of(const struct qn_endpoint *endpoint, struct sockaddr_storage *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};

	memset(address, 0, sizeof(*address));
	if (endpoint->address.family == QN_FAMILY_IPV6) {
		memcpy(&v6.sin6_addr, endpoint->address.octets, sizeof(v6.sin6_addr));
		memcpy(address, &v6, sizeof(v6));
		return sizeof(v6);
	}
	memcpy(&v4.sin_addr, endpoint->address.octets, sizeof(v4.sin_addr));
	memcpy(address, &v4, sizeof(v4));
	return sizeof(v4);
}

bool
qn_sockaddr_read(struct qn_endpoint *endpoint, const struct sockaddr_storage *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->ss_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		endpoint->address = qn_address_ipv4((const uint8_t *)&v4.sin_addr);
		endpoint->port = ntohs(v4.sin_port);
		return true;
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		endpoint->address = qn_address_ipv6((const uint8_t *)&v6.sin6_addr);
		endpoint->port = ntohs(v6.sin6_port);
		return true;
	default:
		return false;
	}
}

static bool
option_set(int fd, int level, int option)
{
	const int one = 1;

	return setsockopt(fd, level, option, &one, sizeof(one)) == 0;
}

static int
fail(int fd)
{
	const int result = -errno;

	if (fd >= 0)
		close(fd);
	return result;
}

static int
socket_new(uint8_t family, const char *interface)
{
	const int fd = socket(family == QN_FAMILY_IPV6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && interface != NULL &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) !=
		0)
		return fail(fd);
	return fd < 0 ? -errno : fd;
}

int
qn_socket_listen(const struct qn_endpoint *endpoint, const char *interface)
{
	const bool v6 = endpoint->address.family == QN_FAMILY_IPV6;
	const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	const int fd = socket_new(endpoint->address.family, interface);
	struct sockaddr_storage address;
	const socklen_t len = qn_sockaddr_of(endpoint, &address);

	if (fd < 0)
		return fd;
	if (!option_set(fd, SOL_SOCKET, SO_REUSEADDR) ||
	    !option_set(fd, level, v6 ? IPV6_FREEBIND : IP_FREEBIND) ||
	    (v6 && !option_set(fd, level, IPV6_V6ONLY)) ||
	    bind(fd, (const struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0)
		return fail(fd);
	return fd;
}

int
qn_socket_accept(int listener, struct qn_endpoint *client)
{
	const int send_buffer_len = SEND_BUFFER_LEN;
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	const int fd =
	    accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* Replies are written whole: nothing is gained by waiting for more. */
	option_set(fd, IPPROTO_TCP, TCP_NODELAY);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_len, sizeof(send_buffer_len));
	if (qn_sockaddr_read(client, &address))
		return fd;
	close(fd);
	return -EAFNOSUPPORT;
}

int
qn_socket_connect(
    const struct qn_endpoint *server, const struct qn_address *source, const char *interface)
{
	const struct qn_endpoint local = {*source, 0};
	const int fd = socket_new(server->address.family, interface);
	struct sockaddr_storage address;
	socklen_t len = qn_sockaddr_of(&local, &address);

	/* The port is chosen with the peer known: one port serves many. */
	if (fd < 0)
		return fd;
	if (!option_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT) ||
	    bind(fd, (const struct sockaddr *)&address, len) != 0)
		return fail(fd);
	option_set(fd, IPPROTO_TCP, TCP_NODELAY);
	len = qn_sockaddr_of(server, &address);
	if (connect(fd, (const struct sockaddr *)&address, len) != 0 && errno != EINPROGRESS)
		return fail(fd);
	return fd;
}
