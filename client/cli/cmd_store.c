/* The commands about the certificates of correspondents. */
#include <jansson.h>
#include <string.h>

#include "client/cli/cli.h"

#define WHO_WIDTH 32

int
cmd_certs_import(struct cli *cli)
{
	size_t added;
	int code =
	    cardseal_certificates_import(cli->job, cli_get_input(cli), &added);

	if (code != 0)
		return cli_fail(cli, code);
	if (!cli->is_quiet)
		fprintf(stderr,
		    added == 1 ? cli_say("%zu certificate added\n")
			       : cli_say("%zu certificates added\n"),
		    added);
	return 0;
}

static int
set_sha256(struct cli *cli, const char *argument)
{
	cli->sha256 = argument;
	return 0;
}

const struct cli_option cmd_setup_anchors_options[] = {
    {"sha256", 0, "HEX", N_("the file's SHA-256 as its publisher tells it"), -1,
	NULL, set_sha256},
    {0},
};

int
cmd_setup_anchors(struct cli *cli)
{
	size_t added;
	int code;

	if (cli->operands_len == 0) {
		cli_error("%s: which file?", cli->command->name);
		return CLI_EXIT_USAGE;
	}
	code = cardseal_anchors_install(
	    cli->job, cli->operands[0], cli->sha256, &added);
	if (code != 0)
		return cli_fail(cli, code);
	if (!cli->is_quiet)
		fprintf(stderr,
		    added == 1 ? cli_say("%zu trust anchor added\n")
			       : cli_say("%zu trust anchors added\n"),
		    added);
	return 0;
}

static json_t *
item_to_json(const struct cardseal_certificate *c)
{
	char before[CLI_DATE_SIZE], after[CLI_DATE_SIZE], added[CLI_DATE_SIZE];

	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	    "sha256", c->sha256, "sha1", c->sha1, "subject", c->subject,
	    "issuer", c->issuer, "serial", c->serial, "type", c->type,
	    "addresses", c->addresses, "not_before",
	    cli_format_time(before, c->not_before), "not_after",
	    cli_format_time(after, c->not_after), "source", c->source, "added",
	    cli_format_time(added, c->added), "encrypt_refused",
	    c->encrypt_refused);
}

static int
print_json(const struct cardseal_certificates *list)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < cardseal_certificates_get_len(list); i++)
		if (json_array_append_new(array,
			item_to_json(
			    cardseal_certificates_get_item(list, i))) != 0) {
			json_decref(array);
			array = NULL;
			break;
		}
	return cli_print_json_value(array);
}

static void
print_line(const struct cardseal_certificate *c)
{
	char date[CLI_DATE_SIZE];

	printf(cli_say("%.16s  %-*s  until %s%s%s\n"), c->sha256, WHO_WIDTH,
	    c->addresses[0] != '\0' ? c->addresses : c->subject,
	    cli_format_date(date, c->not_after),
	    c->encrypt_refused[0] != '\0' ? cli_say(", not to encrypt to: ")
					  : "",
	    c->encrypt_refused);
}

static void
print_item(const struct cardseal_certificate *c)
{
	char from[CLI_DATE_SIZE], until[CLI_DATE_SIZE], added[CLI_DATE_SIZE];

	printf(cli_say("SHA-256    %s\nSHA-1      %s\nsubject    %s\n"
		       "issuer     %s\nserial     %s\nkey        %s\n"
		       "addresses  %s\nvalid      %s to %s\n"),
	    c->sha256, c->sha1, c->subject, c->issuer, c->serial, c->type,
	    c->addresses, cli_format_date(from, c->not_before),
	    cli_format_date(until, c->not_after));
	if (c->source[0] != '\0')
		printf(cli_say("added      %s (%s)\n"),
		    cli_format_date(added, c->added), c->source);
	printf(cli_say("encrypt    %s\n"), c->encrypt_refused[0] != '\0'
					       ? c->encrypt_refused
					       : cli_say("yes"));
}

/* Gets what the operand means and hands each to print. */
static int
print_all(struct cli *cli, const char *which,
    void (*print)(const struct cardseal_certificate *c))
{
	struct cardseal_certificates *list;
	size_t i;
	int status = 0,
	    code = cardseal_certificates_get(cli->job, which, &list);

	if (code != 0)
		return cli_fail(cli, code);
	if (cli->is_json)
		status = print_json(list);
	for (i = 0; !cli->is_json && i < cardseal_certificates_get_len(list);
	     i++)
		print(cardseal_certificates_get_item(list, i));
	cardseal_certificates_free(list);
	return status;
}

int
cmd_certs_list(struct cli *cli)
{
	return print_all(cli, NULL, print_line);
}

/* The one operand that has to be there. */
static const char *
get_which(const struct cli *cli)
{
	if (cli->operands_len > 0)
		return cli->operands[0];
	cli_error("%s: which one? Give a fingerprint or an address",
	    cli->command->name);
	return NULL;
}

int
cmd_certs_show(struct cli *cli)
{
	const char *which = get_which(cli);

	return which != NULL ? print_all(cli, which, print_item)
			     : CLI_EXIT_USAGE;
}

static void
print_pem(const struct cardseal_certificate *c)
{
	fputs(c->pem, stdout);
}

int
cmd_certs_export(struct cli *cli)
{
	const char *which = get_which(cli);

	return which != NULL ? print_all(cli, which, print_pem)
			     : CLI_EXIT_USAGE;
}

int
cmd_certs_remove(struct cli *cli)
{
	const char *which = get_which(cli);
	size_t removed;
	int code;

	if (which == NULL)
		return CLI_EXIT_USAGE;
	code = cardseal_certificates_remove(cli->job, which, &removed);
	if (code != 0)
		return cli_fail(cli, code);
	if (!cli->is_quiet)
		fprintf(stderr,
		    removed == 1 ? cli_say("%zu certificate removed\n")
				 : cli_say("%zu certificates removed\n"),
		    removed);
	return 0;
}

const struct cli_option cmd_certs_find_options[] = {
    {"import", 0, NULL, "keep it in the store", CARDSEAL_KEEP, "1", NULL},
    {0},
};

int
cmd_certs_find(struct cli *cli)
{
	const char *address = get_which(cli);
	struct cardseal_certificates *list;
	int code, status = 0;

	if (address == NULL)
		return CLI_EXIT_USAGE;
	code = cardseal_certificates_find(cli->job, address, &list);
	if (code != 0)
		return cli_fail(cli, code);
	cli_print_messages(cli);
	if (cli->is_json)
		status = print_json(list);
	else
		print_item(cardseal_certificates_get_item(list, 0));
	cardseal_certificates_free(list);
	return status;
}
