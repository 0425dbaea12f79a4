/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Lines of /proc/meminfo that matter here; sizes are in KiB, counts of pages have no unit. */
struct meminfo {
	uint64_t available_kib;
	uint64_t hugepages_free;
	uint64_t hugepage_kib;
};

static void
meminfo_line(struct meminfo *info, const char *line)
{
	uint64_t value;

	if (sscanf(line, "MemAvailable: %" SCNu64, &value) == 1)
		info->available_kib = value;
	else if (sscanf(line, "HugePages_Free: %" SCNu64, &value) == 1)
		info->hugepages_free = value;
	else if (sscanf(line, "Hugepagesize: %" SCNu64, &value) == 1)
		info->hugepage_kib = value;
}

static int
meminfo_read(struct meminfo *info)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];

	if (file == NULL)
		return -errno;
	memset(info, 0, sizeof(*info));
	while (fgets(line, sizeof(line), file) != NULL)
		meminfo_line(info, line);
	fclose(file);
	return 0;
}

int
machine_read(struct machine *machine)
{
	struct meminfo info;
	int result;

	if (sched_getaffinity(0, sizeof(machine->cores), &machine->cores) != 0)
		return -errno;
	result = meminfo_read(&info);
	if (result != 0)
		return result;
	machine->memory_bytes = info.available_kib * 1024;
	machine->hugepage_bytes = info.hugepages_free * info.hugepage_kib * 1024;
	return 0;
}

/* The last core of the run of neighbours that `first` is in. */
static int
run_end(const cpu_set_t *cores, int first)
{
	int last = first;

	while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cores))
		last++;
	return last;
}

void
machine_cores_text(const cpu_set_t *cores, char text[MACHINE_CORES_TEXT_MAX])
{
	size_t used = 0;

	text[0] = '\0';
	for (int first = 0, last; first < CPU_SETSIZE; first = last + 1) {
		char run[32];

		last = first;
		if (!CPU_ISSET(first, cores))
			continue;
		last = run_end(cores, first);
		if (last == first)
			snprintf(run, sizeof(run), "%s%d", used == 0 ? "" : ",", first);
		else
			snprintf(run, sizeof(run), "%s%d-%d", used == 0 ? "" : ",", first, last);
		if (used + strlen(run) + sizeof("...") > MACHINE_CORES_TEXT_MAX) {
			strcpy(text + used, "...");
			return;
		}
		strcpy(text + used, run);
		used += strlen(run);
	}
}
