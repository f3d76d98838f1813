/*
 * tree.h: what reading a whole mail (message.h) remembers from one run over
 * it to the next, and shares between its stages: internal to this folder.
 */
#ifndef CLIENT_SMIME_TREE_H
#define CLIENT_SMIME_TREE_H

#include "client/smime/message.h"
#include "client/smime/parser.h"

#define FRONT_MAX_LEN ((size_t)64 << 10) /* where an author is looked for */
#define PATH_MAX_LEN 256 /* of part paths; longer ones are cut */

enum node_kind {
	NODE_ROOT,
	NODE_SIGNED,  /* multipart/signed */
	NODE_CMS,     /* application/pkcs7-mime and its like */
	NODE_MESSAGE, /* message/rfc822 */
};

/* Something that is opened. Lives through all runs. */
struct node {
	struct node *parent;
	struct node **children;
	size_t children_len;
	size_t met; /* children seen in the present run */
	enum node_kind kind;
	unsigned depth;
	/* multipart/signed */
	enum alg algs[CMS_DIGESTS_MAX];
	size_t algs_len;
	bool is_canonical;	/* lone LFs are taken as CRLF */
	bool is_other_tried;	/* both forms of line ends were tried */
	bool has_canon_decided; /* is_canonical is set */
	/* CMS */
	struct cms_memo *memo;
	bool is_aead;	  /* encrypted in a way that shows changes, */
	bool is_verified; /* and its tag was found good */
	/* Inside of what was not verified yet: not opened in this run. */
	bool is_deferred;
	bool is_on_path; /* leads to what is let out */
	/* Where its content is in the content of stream, which is the last
	 * CMS object around, or the root; UINT64_MAX: not as it stands. */
	const struct node *stream;
	uint64_t base;
};

/* A line of layers, of the present run. */
struct line {
	struct verdict *v; /* of the verdict given, or inside of it */
	struct line *outer;
	struct node *end;  /* the innermost layer, or the message; or NULL */
	struct buf header; /* the message's header section; "" for a part */
	bool is_clear;	   /* it ended as it should, and is here in full */
	struct buf inner_header; /* of the inner entity */
	struct buf front;	 /* its first octets, as they stand */
};

/* A range of a content that may have to be held back. */
struct hold {
	const struct node *stream; /* node.stream; offsets are in it */
	uint64_t from, to;
	const struct verdict *v; /* of the line it is in */
	size_t part;		 /* in v's list; SIZE_MAX: not listed */
	bool has_range;
};
#define HOLDS_MAX ((size_t)2 * SMIME_PARTS_MAX)

struct tree {
	const struct smime_message_params *params;
	struct input *in;
	struct verdict *verdict; /* NULL: the run that lets out */
	struct node *root;
	size_t nodes;
	struct line **lines; /* the first is the mail's */
	size_t lines_len;
	struct hold *holds;
	size_t holds_len, holds_cap;
	bool has_all_holds; /* else there were too many */
	bool wants_rerun;
	bool has_own; /* load_own was called */
	int own_code;
	struct err own_err;
	/* letting out */
	struct node *target;
	struct sink *out;
};

/* tree.c */
int CS_MUST_USE tree_init(struct tree *t, struct err *e);
void tree_clear(struct tree *t);
/* Before each run that judges. */
int CS_MUST_USE tree_start(struct tree *t, struct err *e);
/*
 * The node for the next thing met inside of parent; NULL with *code 0: it is
 * not to be opened (there are too many, or it is too deep).
 */
struct node *tree_get_child(
    struct tree *t, struct node *parent, enum node_kind kind, int *code);
/* Will there be one? Asked without taking it. */
bool tree_may_open(const struct tree *t, const struct node *parent);
/* A line inside of outer, NULL: no memory. */
struct line *tree_add_line(
    struct tree *t, struct line *outer, const char *part, bool is_message);
/* Is something around it an AEAD whose tag was not checked yet? */
bool node_is_unverified(const struct node *n);
int CS_MUST_USE tree_add_hold(struct tree *t, const struct hold *hold);
/* Those added since the holds had that length that have no range get it. */
void tree_range_holds(struct tree *t, size_t since, const struct node *stream,
    uint64_t from, uint64_t to);
/* What was met since the mark is no longer so: its layer was not good. */
struct tree_mark {
	struct verdict_mark verdict;
	size_t lines, holds;
	struct node *end;
	size_t inner_header_len;
};
struct tree_mark tree_get_mark(const struct tree *t, const struct line *line);
void tree_cut(struct tree *t, struct line *line, const struct tree_mark *mark);
/* Asks for another run where something deferred can be opened now. */
void tree_find_deferred(struct tree *t, struct node *n);

/*
 * What a failure means: negative if it ends everything, 0 if it is only a
 * fault of the line, which is noted.
 */
int CS_MUST_USE tree_take_failure(
    struct tree *t, struct line *line, int code, struct err *e);

/* --- walk.c: an entity and all its parts --- */

struct walk_start {
	struct tree *tree;
	struct line *line; /* NULL: the run that lets out */
	struct node *node; /* what it is the content of */
	bool is_message;   /* the line begins with it */
	bool is_mbox;
	uint64_t origin;	   /* the offset of what is pushed first */
	const struct node *stream; /* as in the node */
	uint64_t base;
	const char *self;   /* path of the entity if it has no parts */
	const char *prefix; /* what stands before its parts' numbers */
	struct inflate_count *inflated; /* around it; NULL: nothing was */
};
struct walk;
/* NULL: no memory. The sink's finish ends it; free by walk_free. */
struct walk *walk_new(const struct walk_start *start);
struct sink *walk_get_sink(struct walk *w);
void walk_free(struct walk *w);

/* --- stages for one part's octets --- */

/* Where something stands that is opened. */
struct place {
	struct tree *tree;
	struct line *line; /* that it is a layer of; NULL: letting out */
	struct node *node;
	char self[PATH_MAX_LEN], prefix[PATH_MAX_LEN];
	unsigned header_flags; /* enum lines_flag */
	const struct node *stream;
	uint64_t base;			/* of its body; UINT64_MAX: unknown */
	struct inflate_count *inflated; /* around it; NULL: nothing was */
};

/* Of application/pkcs7-mime: free it by sink_free; finish judges. cte
 * CTE_NONE with is_bare: the octets are the ContentInfo. */
struct sink *walk_new_cms(
    const struct place *place, enum transfer_encoding cte, bool is_bare);
/* Of message/rfc822. */
struct sink *walk_new_message(
    const struct place *place, enum transfer_encoding cte);

/* multipart/signed: told of its parts. */
struct walk_signed;
struct walk_signed *walk_signed_new(
    const struct place *place, const struct media_type *type, struct err *e);
void walk_signed_free(struct walk_signed *s);
int CS_MUST_USE walk_signed_begin(
    struct walk_signed *s, const struct parser_area *a, struct err *e);
int CS_MUST_USE walk_signed_text(
    struct walk_signed *s, struct bytes in, struct err *e);
int CS_MUST_USE walk_signed_end(
    struct walk_signed *s, const struct parser_area *a, struct err *e);
int CS_MUST_USE walk_signed_finish(
    struct walk_signed *s, bool is_closed, struct err *e);

/* --- kind.c: what an entity is --- */

enum entity_kind {
	ENTITY_LEAF,
	ENTITY_MULTIPART,
	ENTITY_SIGNED,
	ENTITY_CMS,
	ENTITY_MESSAGE,
};
/* is_digest: inside of multipart/digest. */
enum entity_kind entity_judge(
    struct bytes section, struct media_type *mt, bool is_digest);
/* The file name, for people, quoted; NULL with 0: none. */
int CS_MUST_USE entity_get_name(
    struct bytes section, const struct media_type *mt, char **name);
/* Does showing it fetch things, or run them? */
bool entity_is_active(struct bytes section, const struct media_type *mt);
/*
 * Programs differ in where a header ends that has lines which are none: some
 * go on behind them. What follows, pushed through this from its start, all
 * zero then: is there a Content- field before an empty line? True as soon as
 * one is seen, at the start of a line (after a CR alone, too).
 */
struct sniff {
	bool is_over, has_line, has_octet;
	size_t matched;
};
bool sniff_write(struct sniff *s, struct bytes in);

/* --- hold.c: ranges left out --- */

/* Sorted, without overlap. A stage that leaves the ranges out, with a notice
 * in their place; finish does not finish next. NULL: no memory. */
struct sink *sink_new_hold(
    const struct hold *holds, size_t len, uint64_t all_from, struct sink *next);

#endif
