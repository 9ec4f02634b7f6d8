/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILE_SET_PRIVATE_H
#define WIRETAPE_WRITER_FILE_SET_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/statvfs.h>

#include <wiretape/writer/files/file_set.h>
#include <wiretape/writer/files/on_close.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What file systems and machines do that a test cannot have from this one. */
struct wt_file_set_system {
	int (*fstatvfs)(int fd, struct statvfs *status);
	int (*renameat2)(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
	int (*linkat)(int from_fd, const char *from, int to_fd, const char *to, int flags);
	int (*thread_create)(pthread_t *thread, const pthread_attr_t *attributes,
	                     void *(*start)(void *argument), void *argument);
};

/* DIR/NAME.EXT in its parts. */
struct wt_file_set_names {
	char *path;            /* all of it */
	size_t prefix_length;  /* of "DIR/", 0 if there is none */
	size_t stem_length;    /* of "DIR/NAME" */
	const char *extension; /* ".EXT" or "" */
};

/* 0, -EINVAL or -ENOMEM. A path from which numbered names can be made if `rotates`. */
int wt_file_set_names_init(struct wt_file_set_names *names, const char *path, bool rotates,
                           struct wt_error *err);
void wt_file_set_names_fini(struct wt_file_set_names *names);

/* What `path`, made here, is called in its directory. */
const char *wt_file_set_names_base(const struct wt_file_set_names *names, const char *path);

/* "DIR/", or "." */
char *wt_file_set_names_directory(const struct wt_file_set_names *names);

/* DIR/NAME_00001.EXT.part; the caller frees it. NULL: no memory. */
char *wt_file_set_names_work(const struct wt_file_set_names *names, uint32_t number);

/* DIR/NAME_00001_20261121T003000Z.EXT, with -N before .EXT if `again` is N > 0. */
char *wt_file_set_names_final(const struct wt_file_set_names *names, uint32_t number,
                              int64_t utc_ns, unsigned again);

/* The number that a name in the directory uses, 0 if none: that of a work name, or of a
 * final one, with any stamp and also if a command has appended something (".zst"). */
uint32_t wt_file_set_names_number(const struct wt_file_set_names *names, const char *base);

/* The system call. */
int wt_file_set_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);

/* Rename, but never onto a file that is there: -EEXIST. */
int wt_file_set_rename(const struct wt_file_set_system *system, int dir_fd, const char *from,
                       const char *to);

/* What names of one file of a series have in common. */
struct wt_file_set_key {
	uint32_t number; /* 0: it is not of the series */
	size_t length;   /* "NAME_00001", or with the stamp, and -N if there is one */
	bool is_work;    /* NAME_00001.EXT.part */
	bool is_plain;   /* the work name, or the final name with nothing appended */
};

/* Stricter than wt_file_set_names_number(): it takes what a file may be deleted for. */
struct wt_file_set_key wt_file_set_names_key(const struct wt_file_set_names *names,
                                             const char *base);

enum wt_set_state {
	WT_SET_BEGUN,
	WT_SET_HANDED_OVER, /* waits to be finished, or is being finished */
	WT_SET_COMMAND,     /* waits for its command to start or to end */
	WT_SET_ENDED,       /* may be deleted, whole or not */
	WT_SET_DELETING,
	WT_SET_GONE,
	WT_SET_STUCK, /* cannot be deleted: stays, and counts no longer */
};

/* What is known of a file beside its entry. */
struct wt_set_file {
	enum wt_set_state state;
	size_t index;     /* of its entry */
	char *work_path;  /* given away by begin: as long as the set */
	char *final_path; /* NULL until it has one */
	int64_t begun_utc_ns;
	uint64_t kept_bytes; /* what it counts as, once it is handed over */
	/* What it consists of after its command, in the directory; NULL: of its path. */
	char **parts;
	size_t part_count;
	int fd; /* -1, or the file: what has its name may be another one */
	int (*finish)(void *context);
	void *context;
	struct wt_set_file *next; /* in a queue */
};

struct wt_set_queue {
	struct wt_set_file *first, *last;
	size_t count;
};

struct wt_set_event {
	struct wt_set_event *next;
	bool error;
	char *text;
};

enum { WT_SET_MOST_COMMANDS = 4, WT_SET_MOST_EVENTS = 1000 };

struct wt_file_set {
	/* Constant once open. */
	struct wt_file_set_config config;
	struct wt_file_set_names names;
	struct wt_file_set_system system;
	char *on_close;
	bool rotates;
	int dir_fd;
	int wake_fd;       /* eventfd: the background has something to look at */
	atomic_bool hurry; /* commands are not waited for; set by wt_file_set_hurry() */

	/* Of the recorder's thread. */
	bool begun;
	int64_t begun_monotonic_ns;
	int64_t begun_utc_ns;
	uint32_t next_number;

	/* Guards what follows, up to the events. Never held across a call that touches a
	 * disk: begin and finish must not wait for one that is slow. */
	pthread_mutex_t lock;
	pthread_cond_t settled;
	struct wt_file_set_entry *entries;
	struct wt_set_file **files; /* one for each entry */
	size_t count, room;
	size_t adopted; /* the first of them */
	size_t oldest;  /* nothing is left of the files before it */
	uint64_t live_files;
	uint64_t live_bytes; /* of those handed over */
	struct wt_set_queue to_finish, to_command;
	uint64_t asked;    /* how often the background was woken */
	uint64_t answered; /* up to which of them it has come to rest */
	bool stop;
	bool threaded; /* the background has a thread */
	bool told_unthreaded, told_late, told_unknown_space;

	/* Of the background, or of whoever does its work because it could not be started. */
	struct wt_on_close running[WT_SET_MOST_COMMANDS];
	struct wt_set_file *commanded[WT_SET_MOST_COMMANDS]; /* the files they run for */
	size_t commands;
	pthread_t thread;

	/* Guards the events, a leaf: taken with and without the other one. */
	pthread_mutex_t event_lock;
	struct wt_set_event *first_event, **last_event;
	size_t events;
	uint64_t events_lost;
	bool error_lost;
};

/* Keep a sentence for wt_file_set_next_event(). Any thread, with or without the lock. */
void wt_file_set_tell(struct wt_file_set *set, bool error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void wt_file_set_forget_events(struct wt_file_set *set);

/* Have the background look; the caller has the lock. */
void wt_file_set_wake(struct wt_file_set *set);

/* A file is to be finished; the caller has the lock. Starts the background if it is not
 * there; if it cannot be started, the work is done here and now. */
void wt_file_set_enqueue(struct wt_file_set *set, struct wt_set_file *file);

/* End the background's thread. */
void wt_file_set_stop(struct wt_file_set *set);

/* Where the file is now; the caller has the lock. */
const char *wt_file_set_path(const struct wt_set_file *file);
bool wt_file_set_is_missing(const struct wt_file_set *set, const char *path);
/* Whether `name` in the directory is the file that was begun. */
bool wt_file_set_has_name(const struct wt_file_set *set, const struct wt_set_file *file,
                          const char *name);

/* Another entry for a file with this path, which becomes the set's; the caller has the lock. NULL:
 * no memory. */
struct wt_set_file *wt_file_set_add(struct wt_file_set *set, char *path, uint32_t number);

/* Make those of earlier recordings the set's own. 0 or -errno. */
int wt_file_set_adopt(struct wt_file_set *set);

/* Look what there is of a file after its command, without the lock; of nothing else has anybody
 * a say meanwhile. False: nothing. */
bool wt_file_set_gather(struct wt_file_set *set, struct wt_set_file *file, char **path,
                        uint64_t *bytes, uint64_t *kept_bytes);
void wt_file_set_free_parts(struct wt_set_file *file);

/* Nothing is left to look after; the caller has the lock. */
void wt_file_set_let_go(struct wt_file_set *set, struct wt_set_file *file, enum wt_set_state state);

/* Delete a file that the caller has put into WT_SET_DELETING, without the lock. -ENOENT if
 * it was gone already, which is fine; other errors are told. */
int wt_file_set_delete(struct wt_file_set *set, struct wt_set_file *file);

/* Files which have to go because of what is to be kept; the caller has the lock, which is
 * released meanwhile. True: one has gone, there may be another. */
bool wt_file_set_delete_surplus(struct wt_file_set *set);

#ifdef __cplusplus
}
#endif
#endif
