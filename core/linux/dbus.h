/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbus.h - talk to systemd's manager: calls, their answers, and the end of a job
 *
 * In       calls as core/plan/dbus_message.h has them
 * Out      answers
 * Effects  a connection to the system bus, or to systemd itself; everything has a time limit
 * Source   D-Bus Specification 0.43, "Authentication Protocol", "Message Bus Specification";
 *          org.freedesktop.systemd1(5)
 *
 * A process that has a connection open when it forks has to close the child's copy: whatever two
 * processes read from one stream is lost to both.
 */
#ifndef KEDGE_CORE_LINUX_DBUS_H
#define KEDGE_CORE_LINUX_DBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/plan/dbus_message.h"

#define DBUS_SYSTEM_BUS	      "/run/dbus/system_bus_socket"
#define DBUS_SYSTEMD	      "/run/systemd/private"
#define DBUS_SYSTEMD_BUS_NAME "org.freedesktop.systemd1"

/* More jobs than these don't end while one call is under way. */
#define DBUS_MAX_JOBS 128

/* Times in ms may be set before a connection is opened; 0 is what is written beside them. */
struct dbus {
	int fd; /* -1: none, or one that has broken */
	const char *socket;
	bool is_bus;	      /* somebody who passes messages on; else the peer is systemd */
	unsigned int open_ms; /* 10000 */
	unsigned int call_ms; /* 30000 */
	uint32_t serial;      /* of the last call */
	struct buf in;	      /* the beginning of the next message */
	struct dbus_job {
		char *path;
		char *result;
	} jobs[DBUS_MAX_JOBS]; /* that have ended and nobody asked for; the oldest are forgotten */
	size_t n_jobs;	       /* how many there ever were */
};

#define DBUS_NONE ((struct dbus){ .fd = -1 })

/*
 * Connect to systemd: over the system bus, and where that doesn't work over the socket on which
 * systemd itself listens, to root alone. From then on dbus_wait_job() hears of each job that ends.
 * `bus` is DBUS_NONE on entry. Errors: those of both ways in one message, with a hint.
 */
int dbus_open_systemd(struct dbus *bus, struct err *err);

/*
 * Connect to the bus (`is_bus`) or the peer that listens at the path `socket`, which is borrowed for
 * as long as the connection is. `bus` is DBUS_NONE on entry, but for the times; on failure it is to be
 * opened again.
 * Errors: ERR_NOT_FOUND, ERR_DENIED, ERR_TIMEOUT, ERR_INVALID for who doesn't speak D-Bus, ERR_SYS;
 * the socket is named.
 */
int dbus_open(struct dbus *bus, const char *socket, bool is_bus, struct err *err);

/* Hang up and free what belongs to it; `bus` is DBUS_NONE afterwards. */
void dbus_done(struct dbus *bus);

/* An answer. Zeroed it is empty; give it back with dbus_reply_done(). */
struct dbus_reply {
	struct buf bytes;
	struct dbus_header header; /* points into the bytes, as the next two do */
	struct dbus_reader body;
	const char *error_name; /* "org.freedesktop.systemd1.UnitExists"; NULL: it is no error */
};

/*
 * Call and wait for the answer, at most bus->call_ms. `reply` is empty on entry; it may be NULL when
 * the caller wants to know only whether it worked. call->destination isn't sent where there is no bus.
 *
 * -1 with reply->error_name set is systemd's refusal, and `err` has its words. Kinds: ERR_EXISTS for
 * a unit that is there, ERR_NOT_FOUND for one that isn't, ERR_DENIED, ERR_INVALID for arguments,
 * ERR_UNSUPPORTED for a method or property of a newer systemd, ERR_LIMIT, ERR_TIMEOUT, else ERR_SYS.
 * Without a name: ERR_TIMEOUT, after which another call may be tried; ERR_STATE once the connection has
 * broken; ERR_INVALID, ERR_LIMIT, ERR_SYS.
 */
int dbus_call(struct dbus *bus, const struct dbus_call *call, struct dbus_reply *reply,
	      struct err *err);

/* Free the bytes; the reply is empty afterwards. */
void dbus_reply_done(struct dbus_reply *reply);

/*
 * Wait, at most bus->call_ms, until systemd says that it is through with the job at `job_path`, as
 * StartTransientUnit() and StopUnit() answered it on this connection; it may have said so already.
 * `*result`, which the caller frees, becomes "done", "failed", "canceled", "timeout", "dependency",
 * "skipped" or whatever else org.freedesktop.systemd1(5), JobRemoved, says. Errors: ERR_TIMEOUT, and
 * those of the connection.
 */
int dbus_wait_job(struct dbus *bus, const char *job_path, char **result, struct err *err);

#endif
