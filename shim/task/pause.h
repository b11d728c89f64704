/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause.h - the program of a pod's own container: it holds the namespaces, and does nothing
 *
 * In       the name by which it is executed
 * Effects  waits; as first process of a pid namespace that a pod shares it reaps what others leave
 */
#ifndef KEDGE_SHIM_TASK_PAUSE_H
#define KEDGE_SHIM_TASK_PAUSE_H

#include <stdbool.h>

#define PAUSE_NAME "kedge-pause"

/* Whether this name means it. */
bool pause_is_meant(const char *name);

/* Wait for SIGTERM or SIGINT; gives the exit status. */
int pause_main(void);

#endif
