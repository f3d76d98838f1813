/*
 * labels.h: labels.conf, the rules for security labels (client/cms/label.h).
 */
#ifndef CLIENT_API_LABELS_H
#define CLIENT_API_LABELS_H

#include "client/cms/label.h"

struct job_labels;
/*
 * Reads the system's file and the user's; of what both say the stricter
 * counts. A file that is not there is none. CS_ERR_CONFIG (the file and line
 * are told), CS_ERR_IO, CS_ERR_NO_FILE and what else opening it may give.
 */
int CS_MUST_USE job_labels_load(struct job_labels **labels, struct err *e);
/* Borrowed; NULL: there is no file, and nothing is withheld. */
const struct label_rules *job_labels_get(const struct job_labels *labels);
void job_labels_free(struct job_labels *labels);

#endif
