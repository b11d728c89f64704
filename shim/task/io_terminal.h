/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_terminal.h - the part of io.h that is about terminals
 *
 * In       the master's end of a terminal that the container has opened
 * Effects  copies stdin's fifo to it and what comes from it to stdout's, until the last user of the
 *          terminal has closed it
 *
 * The master stays open until io_done(), so that no process is hung up because a client is gone.
 */
#ifndef KEDGE_SHIM_TASK_IO_TERMINAL_H
#define KEDGE_SHIM_TASK_IO_TERMINAL_H

#include <stdint.h>

#include "shim/task/io.h"

/* The terminal is there; `master` is consumed, -1 is none. io_open() has opened the clients' ends. */
void io_take_master(struct io *io, int master);

/*
 * Set the size of the window in characters; that of a terminal which is still to come is kept for
 * it. Nothing without a terminal. Errors: ERR_SYS.
 */
int io_resize(struct io *io, uint16_t rows, uint16_t columns, struct err *err);

#endif
