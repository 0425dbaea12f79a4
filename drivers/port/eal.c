/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The environment of DPDK: one per process, started from the configuration.
 *
 * Worker i is DPDK's lcore i + 1, pinned to its core; lcore 0 is the main thread, which runs
 * on the CPUs that no worker has. Threads made later inherit that, which is what we want of
 * control threads.
 */
#include "host/log.h"
#include "port/hugepages.h"
#include "port/message.h"
#include "port/state.h"

#include <errno.h>
#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* What DPDK and the drivers take for themselves: a few MiB, measured, and room to spare. */
#define OWN_BYTES (64 * MIB)

#define ARGUMENT_MAX      96
#define ARGUMENT_TEXT_MAX (16 * 1024)

/* The arguments of rte_eal_init(), made one by one. */
struct arguments {
	char *items[ARGUMENT_MAX];
	int count;
	char text[ARGUMENT_TEXT_MAX];
	size_t used;
	bool full;
};

static bool eal_has_hugepages;

__attribute__((format(printf, 2, 3))) static void
argument_add(struct arguments *arguments, const char *format, ...)
{
	char *at = arguments->text + arguments->used;
	const size_t room = sizeof(arguments->text) - arguments->used;
	va_list values;
	int len;

	va_start(values, format);
	len = vsnprintf(at, room, format, values);
	va_end(values);
	if (arguments->count == ARGUMENT_MAX - 1 || len < 0 || (size_t)len >= room) {
		arguments->full = true;
		return;
	}
	arguments->items[arguments->count++] = at;
	arguments->used += (size_t)len + 1;
}

/* Ordinary memory that can be had without swapping (proc(5)); UINT64_MAX when unknown. */
static uint64_t
memory_bytes_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib = UINT64_MAX / 1024;

	if (file == NULL)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	}
	fclose(file);
	return kib * 1024;
}

/* Checks the workers' cores and takes them out of `cpus`, which holds the allowed ones. */
static int
cores_check(
    const struct qn_port_eal_config *config, cpu_set_t *cpus, const struct qn_port_error *error)
{
	if (config->worker_count == 0 || config->worker_count >= RTE_MAX_LCORE)
		return qn_port_fail(error, -EINVAL, "%u workers are not possible: 1 to %u are",
		    config->worker_count, RTE_MAX_LCORE - 1);
	for (uint16_t i = 0; i < config->worker_count; i++) {
		const uint16_t core = config->worker_cores[i];

		for (uint16_t j = 0; j < i; j++) {
			if (config->worker_cores[j] == core)
				return qn_port_fail(
				    error, -EINVAL, "two workers are given core %u", core);
		}
		if (core >= CPU_SETSIZE || !CPU_ISSET(core, cpus))
			return qn_port_fail(error, -EINVAL,
			    "core %u does not exist or this process may not run on it", core);
	}
	for (uint16_t i = 0; i < config->worker_count; i++)
		CPU_CLR(config->worker_cores[i], cpus);
	return 0;
}

static void
cpus_to_text(const cpu_set_t *cpus, char *text, size_t len)
{
	size_t used = 0;

	text[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < len; cpu++) {
		if (CPU_ISSET(cpu, cpus))
			used += (size_t)snprintf(
			    text + used, len - used, "%s%d", used > 0 ? "," : "", cpu);
	}
}

static void
arguments_add_cores(struct arguments *arguments, const struct qn_port_eal_config *config,
    const cpu_set_t *control_cpus)
{
	char cpus[5 * CPU_SETSIZE];
	char lcores[sizeof(cpus) + 16 * RTE_MAX_LCORE];
	size_t used;

	cpus_to_text(control_cpus, cpus, sizeof(cpus));
	used = (size_t)snprintf(lcores, sizeof(lcores), "0@(%s)", cpus);
	for (uint16_t i = 0; i < config->worker_count; i++)
		used += (size_t)snprintf(
		    lcores + used, sizeof(lcores) - used, ",%u@%u", i + 1, config->worker_cores[i]);
	argument_add(arguments, "--lcores=%s", lcores);
	argument_add(arguments, "--main-lcore=0");
}

/* Hugepages by --in-memory, which leaves no file behind; it and --no-huge exclude each other. */
static void
arguments_add_memory(struct arguments *arguments, bool hugepages, uint64_t need_bytes)
{
	if (hugepages) {
		argument_add(arguments, "--in-memory");
		return;
	}
	argument_add(arguments, "--no-huge");
	argument_add(arguments, "--no-shconf");
	argument_add(arguments, "-m");
	argument_add(arguments, "%" PRIu64, (need_bytes + MIB - 1) / MIB);
}

/* Virtual devices are made by qn_port_open(); DPDK itself only has to know the PCI ones. */
static int
arguments_add_devices(struct arguments *arguments, const struct qn_port_eal_config *config,
    const struct qn_port_error *error)
{
	uint16_t pci_count = 0;

	for (uint16_t i = 0; i < config->device_count; i++) {
		struct qn_device device;
		const int rc =
		    qn_device_parse(&device, config->devices[i], config->worker_count, error);

		if (rc != 0)
			return rc;
		if (device.kind != QN_DEVICE_PCI)
			continue;
		argument_add(arguments, "-a");
		argument_add(arguments, "%s%s%s", device.name,
		    device.arguments[0] != '\0' ? "," : "", device.arguments);
		pci_count++;
	}
	if (pci_count == 0)
		argument_add(arguments, "--no-pci");
	return 0;
}

static int
arguments_make(struct arguments *arguments, const struct qn_port_eal_config *config, bool hugepages,
    uint64_t need_bytes, const struct qn_port_error *error)
{
	cpu_set_t cpus;
	cpu_set_t allowed;
	int rc;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return qn_port_fail(error, -errno, "cannot tell which cores this process may use");
	allowed = cpus;
	rc = cores_check(config, &cpus, error);
	if (rc != 0)
		return rc;
	argument_add(arguments, "quince");
	arguments_add_cores(arguments, config, CPU_COUNT(&cpus) > 0 ? &cpus : &allowed);
	/* Two nodes on one machine must not meet in a file, so each has its own name. */
	argument_add(arguments, "--file-prefix=quince-%ld", (long)getpid());
	arguments_add_memory(arguments, hugepages, need_bytes);
	argument_add(arguments, "--no-telemetry");
	argument_add(arguments, "--log-level=error");
	rc = arguments_add_devices(arguments, config, error);
	if (rc != 0)
		return rc;
	if (arguments->full)
		return qn_port_fail(error, -E2BIG, "too many devices or cores are configured");
	return 0;
}

/*
 * DPDK makes a directory for files that our options make it not use. Gone at once, it cannot
 * outlive a kill. The one above it may be shared: it goes if it is empty.
 */
static void
runtime_directory_remove(void)
{
	char path[300];
	char *slash;

	snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	if (rmdir(path) != 0)
		return;
	slash = strrchr(path, '/');
	*slash = '\0';
	/* Not empty: another program of DPDK runs. */
	if (rmdir(path) != 0)
		return;
}

static uint64_t
need_bytes_of(const struct qn_port_eal_config *config)
{
	const uint64_t pool_count = (uint64_t)config->device_count * config->worker_count;

	return config->memory_bytes + pool_count * QN_POOL_BYTES + OWN_BYTES;
}

/* Chooses hugepages or not; -ENOMEM when neither holds what is needed. */
static int
memory_choose(
    const struct qn_port_eal_config *config, bool *hugepages, const struct qn_port_error *error)
{
	const uint64_t need_bytes = need_bytes_of(config);
	const uint64_t huge_bytes = qn_hugepages_free();
	const uint64_t available_bytes = memory_bytes_available();

	*hugepages = !config->without_hugepages && huge_bytes >= need_bytes;
	if (!*hugepages && available_bytes < need_bytes)
		return qn_port_fail(error, -ENOMEM,
		    "too little memory: %" PRIu64 " MiB are needed, %" PRIu64 " MiB are available "
		    "and %" PRIu64 " MiB of hugepages are free",
		    need_bytes / MIB, available_bytes / MIB, huge_bytes / MIB);
	return 0;
}

static void
memory_say(const struct qn_port_eal_config *config, bool hugepages)
{
	const uint64_t need_mib = need_bytes_of(config) / MIB;
	const uint64_t free_mib = qn_hugepages_free() / MIB;

	if (hugepages)
		qn_log(QN_LOG_INFO, "port",
		    "memory: hugepages, %" PRIu64 " MiB needed of %" PRIu64 " MiB free", need_mib,
		    free_mib);
	else if (config->without_hugepages)
		qn_log(QN_LOG_INFO, "port", "memory: no hugepages as configured, %" PRIu64 " MiB",
		    need_mib);
	else
		qn_log(QN_LOG_INFO, "port",
		    "memory: no hugepages, %" PRIu64 " MiB needed but %" PRIu64 " MiB free",
		    need_mib, free_mib);
}

/* Has DPDK start with `arguments`; its first message is the reason when it does not. */
static int
environment_init(struct arguments *arguments, const struct qn_port_error *error)
{
	int rc = 0;

	if (!qn_message_redirect())
		return qn_port_fail(error, -ENOMEM, "too little memory for a log stream");
	qn_message_begin();
	if (rte_eal_init(arguments->count, arguments->items) < 0) {
		rc = qn_port_fail(error, -rte_errno, "DPDK does not start: %s", qn_message_first());
		qn_message_restore();
	}
	qn_message_end();
	runtime_directory_remove();
	return rc;
}

/* Counts memory, chooses it and starts DPDK with it. */
static int
environment_start(const struct qn_port_eal_config *config, const struct qn_port_error *error)
{
	struct arguments arguments = {.count = 0};
	bool hugepages;
	int rc;

	rc = memory_choose(config, &hugepages, error);
	if (rc != 0)
		return rc;
	rc = arguments_make(&arguments, config, hugepages, need_bytes_of(config), error);
	if (rc != 0)
		return rc;
	memory_say(config, hugepages);
	rc = environment_init(&arguments, error);
	if (rc == 0)
		eal_has_hugepages = hugepages;
	return rc;
}

int
qn_port_eal_start(const struct qn_port_eal_config *config, char *text, size_t text_len)
{
	const struct qn_port_error error = {text, text_len};
	int rc;

	if (!config->without_hugepages)
		qn_hugepages_claim();
	rc = environment_start(config, &error);
	if (rc != 0 || !eal_has_hugepages)
		qn_hugepages_release();
	return rc;
}

void
qn_port_eal_settle(void)
{
	qn_hugepages_release();
}

void
qn_port_eal_stop(void)
{
	qn_message_begin();
	rte_eal_cleanup();
	qn_message_end();
	qn_message_restore();
	qn_hugepages_release();
}

bool
qn_port_eal_hugepages(void)
{
	return eal_has_hugepages;
}

bool
qn_port_worker_launch(uint16_t worker, int (*run)(void *), void *argument)
{
	return rte_eal_remote_launch(run, argument, worker + 1u) == 0;
}

int
qn_port_worker_wait(uint16_t worker)
{
	return rte_eal_wait_lcore(worker + 1u);
}

void *
qn_port_memory_alloc(size_t len, uint16_t worker)
{
	return rte_zmalloc_socket(
	    NULL, len, RTE_CACHE_LINE_SIZE, (int)rte_lcore_to_socket_id(worker + 1u));
}

void
qn_port_memory_free(void *memory)
{
	rte_free(memory);
}

uint64_t
qn_port_cycles(void)
{
	return rte_rdtsc();
}

uint64_t
qn_port_cycles_hz(void)
{
	return rte_get_tsc_hz();
}
