/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cr_words.h - hints that speak of kedge's command line, for people who have another
 *
 * In       an error of core/
 * Out      its hint, in which options that annotations can give are named as annotations
 * Effects  none
 */
#ifndef KEDGE_SHIM_TASK_CR_WORDS_H
#define KEDGE_SHIM_TASK_CR_WORDS_H

#include "shim/task/cr_settings.h"

/* "--map OLD=NEW" becomes "annotation dev.kedge.restore.map OLD=NEW". */
void cr_words_for_clients(enum cr_way way, struct err *err);

#endif
