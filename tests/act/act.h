/* A program that does what rules are about, by name. See act.c. */
#ifndef ACT_H
#define ACT_H

/* Ends the program with the reason unless `ok`. */
void must(int ok, const char *what);
/* Runs a program in this process; argv ends with NULL. */
_Noreturn void run(char **argv);

/* What it can do: the arguments after the name, NULL-terminated. Returns the exit code. */
struct deed {
	const char *name;
	int (*act)(char **args);
};
extern const struct deed places[], processes[], kernel[], network[], ways[], load[];

#endif
