/*
 * file.h: whole files of certificates and lists, bounded.
 */
#ifndef CLIENT_PKIX_FILE_H
#define CLIENT_PKIX_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "asn1/buf.h"

/* Opens for reading. CS_ERR_NO_FILE. The caller closes *fd. */
int CS_MUST_USE pkix_file_open(const char *path, int *fd, struct err *e);
/* As above, but a file that isn't there is 0 with *fd -1, and one that is not
 * regular (a FIFO would be waited for) is CS_ERR_NO_FILE. */
int CS_MUST_USE pkix_file_open_opt(const char *path, int *fd, struct err *e);
/* Likewise a file of settings, as a stream: *f NULL, it isn't there. One over
 * PKIX_SETTINGS_MAX octets is CS_ERR_TOO_LARGE. The caller closes *f. */
#define PKIX_SETTINGS_MAX ((size_t)1 << 20)
int CS_MUST_USE pkix_settings_open(const char *path, FILE **f, struct err *e);
/*
 * Reads to the end into b, whose max bounds it; path is for e. CS_ERR_IO,
 * CS_ERR_TOO_LARGE.
 */
int CS_MUST_USE pkix_fd_read(
    struct buf *b, int fd, const char *path, struct err *e);
/* Appends $VARIABLE if that is an absolute path, or $HOME with below_home
 * ("/.cache"); false: neither is set. No NUL. */
bool pkix_add_xdg_folder(
    struct buf *path, const char *variable, const char *below_home);
/* The path of a file of ours in $XDG_CONFIG_HOME or ~/.config, with a NUL,
 * appended. CS_ERR_NO_FILE: there is no such folder. */
int CS_MUST_USE pkix_config_path(
    struct buf *path, const char *name, struct err *e);
/* Makes the folders on the way to a file, mode 0700. CS_ERR_IO. */
int CS_MUST_USE pkix_make_folders(const char *path, struct err *e);
/* Puts "PATH: " before e's text, path escaped. */
void pkix_file_context(struct err *e, const char *path);

#endif
