/* Does one thing that a rule is about: act NAME [ARGUMENT…]. Under any other name than `act` it plays that program:
 * arguments that name no deed are ignored. */
#define _GNU_SOURCE
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

void run(char **argv)
{
	must(argv[0] != NULL, "nothing to run");
	execvp(argv[0], argv);
	must(0, argv[0]);
	_exit(1);
}

int main(int argc, char **argv)
{
	static const struct deed *const all[] = { places, processes, kernel, network, ways, load };
	const char *slash = strrchr(argv[0], '/');
	for (size_t i = 0; argc > 1 && i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct deed *deed = all[i]; deed->name; deed++)
			if (!strcmp(deed->name, argv[1]))
				return deed->act(argv + 2);
	if (strcmp(slash ? slash + 1 : argv[0], "act"))
		return 0;
	fprintf(stderr, "act: no such deed\n");
	return 2;
}
