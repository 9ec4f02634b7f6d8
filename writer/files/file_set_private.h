/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILES_FILE_SET_PRIVATE_H
#define WIRETAPE_WRITER_FILES_FILE_SET_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/statvfs.h>

#include <wiretape/writer/files/eraser.h>
#include <wiretape/writer/files/file_set.h>
#include <wiretape/writer/files/on_close.h>

/* Behaviour of file systems and machines that a test cannot get from this one. */
struct wt_file_set_system {
	int64_t (*now_ns)(void); /* CLOCK_MONOTONIC */
	int (*fstatvfs)(int fd, struct statvfs *status);
	int (*renameat2)(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
	int (*linkat)(int from_fd, const char *from, int to_fd, const char *to, int flags);
	int (*thread_create)(pthread_t *thread, const pthread_attr_t *attributes,
	                     void *(*start)(void *argument), void *argument);
};

extern const struct wt_file_set_system wt_file_set_system;

/* Open it on another system; see wt_file_set_open(). */
int wt_file_set_open_on(struct wt_file_set **set, const struct wt_file_set_config *config,
                        const struct wt_file_set_system *system, struct wt_error *err);

/* The parts of DIR/NAME.EXT. */
struct wt_file_set_names {
	char *path;            /* all of it */
	size_t prefix_length;  /* length of "DIR/", 0 if there is none */
	size_t stem_length;    /* length of "DIR/NAME" */
	const char *extension; /* ".EXT" or "" */
};

/* Split a path; if `rotates`, numbered names must be possible. 0, -EINVAL or -ENOMEM. */
int wt_file_set_names_init(struct wt_file_set_names *names, const char *path, bool rotates,
                           struct wt_error *err);
void wt_file_set_names_fini(struct wt_file_set_names *names);

/* Name in the directory of `path`, which was made here. */
const char *wt_file_set_names_base(const struct wt_file_set_names *names, const char *path);

/* "DIR/", or "." */
char *wt_file_set_names_directory(const struct wt_file_set_names *names);

/* DIR/NAME_00001.EXT.part; the caller frees it. NULL: no memory. */
char *wt_file_set_names_work(const struct wt_file_set_names *names, uint32_t number);

/* DIR/NAME_00001_20261121T003000Z.EXT, with -N before .EXT if `again` is N > 0. */
char *wt_file_set_names_final(const struct wt_file_set_names *names, uint32_t number,
                              int64_t utc_ns, unsigned again);

/* Number that a name in the directory uses, 0 if none: from a work name or a final one, with any
 * stamp, even if a command has appended something (".zst"). */
uint32_t wt_file_set_names_number(const struct wt_file_set_names *names, const char *base);

/* The system call. */
int wt_file_set_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);

/* Rename, but never onto a file that is there: -EEXIST. */
int wt_file_set_rename(const struct wt_file_set_system *system, int dir_fd, const char *from,
                       const char *to);

/* Common part of the names of one file of a series. */
struct wt_file_set_key {
	uint32_t number; /* 0: not in the series */
	size_t length;   /* "NAME_00001", or with the stamp, and -N if there is one */
	bool is_work;    /* NAME_00001.EXT.part */
	bool is_plain;   /* the work name, or the final name with nothing appended */
};

/* Key of a name; stricter than wt_file_set_names_number(): files may be deleted for it. */
struct wt_file_set_key wt_file_set_names_key(const struct wt_file_set_names *names,
                                             const char *base);

enum wt_set_state {
	WT_SET_BEGUN,
	WT_SET_HANDED_OVER, /* waiting to be finished, or being finished */
	WT_SET_COMMAND,     /* waiting for its command to start or to end */
	WT_SET_ENDED,       /* may be deleted, whole or not */
	WT_SET_DELETING,
	WT_SET_GONE,
	WT_SET_STUCK, /* cannot be deleted: stays, and no longer counts */
};

/* State of a file in addition to its entry. */
struct wt_set_file {
	enum wt_set_state state;
	uint32_t number;
	size_t index;     /* of its entry */
	char *work_path;  /* returned by begin: lives as long as the set */
	char *final_path; /* NULL until it has one */
	int64_t begun_utc_ns;
	uint64_t kept_bytes; /* size it counts as, once it is handed over */
	/* Names in the directory after its command; NULL: its path alone. */
	char **parts;
	size_t part_count;
	int fd;               /* -1, or the file, whose name may be another file's by now */
	struct wt_sink *sink; /* opened ahead, until it is taken */
	int (*finish)(void *context);
	void *context;
	struct wt_set_file *next; /* in its queue */
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

/* Space that was missing when files were last deleted for it. */
struct wt_set_shortage {
	int64_t noticed_ns;
	uint64_t missing_bytes, deleted_bytes;
	uint64_t written_bytes; /* by then */
};

/* A thread of the set. */
struct wt_set_worker {
	pthread_t thread;
	pthread_cond_t wake; /* the finisher waits for descriptors, too, and has wake_fd instead */
	bool is_there;
	bool wanted; /* has been woken, and not looked for work since */
	bool busy;
};

/* Three threads do what touches the disk, so that none waits for another's calls. The maker makes
 * the next file ready. The keeper looks for space and deletes. The finisher closes files, which may
 * take as long as the disk needs for all that is in them, renames them, and runs commands. */
struct wt_file_set {
	/* Constant once open. */
	struct wt_file_set_config config;
	struct wt_file_set_names names;
	struct wt_file_set_system system;
	char *on_close;
	bool rotates;
	int dir_fd;
	int wake_fd;              /* eventfd: wakes the finisher */
	int next_fd;              /* eventfd of wt_file_set_fd() */
	atomic_bool abort_writes; /* do not wait for commands; set by wt_file_set_abort_writes() */

	atomic_bool lacks_space; /* told by the keeper to wt_file_set_has_space(); guards nothing */

	/* Used by the recorder's thread. */
	bool begun;
	int64_t begun_monotonic_ns;
	int64_t begun_utc_ns;

	/* Guards the members up to the maker's. Never held across a call that touches a disk:
	 * begin and finish must not wait for a slow one. */
	pthread_mutex_t lock;
	pthread_cond_t settled;
	struct wt_set_worker maker, keeper, finisher;
	struct wt_file_set_entry *entries;
	struct wt_set_file **files; /* one per entry */
	size_t count, room;
	size_t adopted; /* entries of earlier recordings, at the front */
	size_t oldest;  /* no file before this one is left */
	uint64_t live_files;
	uint64_t live_bytes;  /* of files handed over */
	uint64_t ended_bytes; /* of all files ever handed over */
	struct wt_set_queue to_finish, to_command;
	bool stop;
	struct wt_set_file *next;   /* made ready: has its name and descriptor, but no entry */
	struct wt_error next_error; /* why there is none */
	bool next_awaited;          /* wt_file_set_fd() is to tell */
	wt_file_set_opener *open;   /* of wt_file_set_open_ahead() */
	void *open_context;
	struct wt_sink_config open_config;

	/* Used by the maker; before it runs, by whoever opens the set. */
	uint32_t next_number;
	int64_t next_try_ns; /* when to try again to make one */

	/* Used by the keeper. */
	struct wt_eraser eraser;
	uint64_t current_bytes;      /* size of the current file, as looked at last */
	uint64_t written_bytes;      /* to all files */
	_Atomic uint64_t free_bytes; /* UINT64_MAX: nobody knows; sinks read it and nothing else */
	struct wt_set_shortage shortage;
	bool told_unknown_space;

	/* Used by the finisher. */
	struct wt_on_close running[WT_SET_MOST_COMMANDS];
	struct wt_set_file *commanded[WT_SET_MOST_COMMANDS]; /* the files they run for */
	size_t commands;
	bool told_late;

	/* Guards the events; a leaf, taken with and without the other lock. */
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

/* Start the threads, and end them. */
int wt_file_set_start(struct wt_file_set *set, struct wt_error *err);
void wt_file_set_stop(struct wt_file_set *set);

/* Wake a thread; the caller has the lock, which waking the finisher does not need. */
void wt_file_set_wake(struct wt_file_set *set, struct wt_set_worker *worker);
void wt_file_set_wake_finisher(struct wt_file_set *set);

/* Queue a file to be finished; the caller has the lock. */
void wt_file_set_enqueue(struct wt_file_set *set, struct wt_set_file *file);

/* What the threads do. The caller has the lock, which is released meanwhile.
 * Maker: see that the next file is ready, and still there. */
void wt_file_set_make_next(struct wt_file_set *set);
/* Finisher: do everything that can be done now; wait for a request or the end of a command. */
void wt_file_set_work(struct wt_file_set *set);
void wt_file_set_rest(struct wt_file_set *set);
/* Keeper: look for space, and delete a file if one is too many. True: look again at once. */
bool wt_file_set_delete_one(struct wt_file_set *set);
/* See how much space there is; also when the set is opened. */
void wt_file_set_look_for_space(struct wt_file_set *set);
/* When to do so again. */
int64_t wt_file_set_look_due_ns(const struct wt_file_set *set);
/* Whether less is free than shall be, or than is good. */
bool wt_file_set_is_short(const struct wt_file_set *set);

/* Place of a file, for a sink. */
void wt_file_set_place_of(const struct wt_file_set *set, const struct wt_set_file *file,
                          struct wt_sink_place *place);

/* Take the file that is ready; the caller has the lock. See wt_file_set_begin(). */
int wt_file_set_take_next(struct wt_file_set *set, struct wt_set_file **file, struct wt_error *err);
/* Remove the file that was made ready and not taken. */
void wt_file_set_drop_next(struct wt_file_set *set);
/* Remove this file if a recording that was killed had made it ready and not begun it; whether that
 * was so. */
bool wt_file_set_drop_unused(struct wt_file_set *set, const char *name);
/* Remove the name of a file under which nothing was written. */
void wt_file_set_give_name_back(const struct wt_file_set *set, const struct wt_set_file *file);

/* Current path of the file; the caller has the lock. */
const char *wt_file_set_path(const struct wt_set_file *file);
bool wt_file_set_is_missing(const struct wt_file_set *set, const char *path);
/* Whether `name` in the directory is the file that was begun. */
bool wt_file_set_has_name(const struct wt_file_set *set, const struct wt_set_file *file,
                          const char *name);

/* Make a file with this path, which becomes the file's. NULL: no memory. */
struct wt_set_file *wt_file_set_new_file(char *path, uint32_t number, int fd);
void wt_file_set_free_file(struct wt_set_file *file);
/* Add its entry; the caller has the lock. 0 or -ENOMEM. */
int wt_file_set_add(struct wt_file_set *set, struct wt_set_file *file);

/* Adopt the files of earlier recordings. 0 or -errno. */
int wt_file_set_adopt(struct wt_file_set *set);

/* Find what a file's command has left of it, without the lock; nobody else uses that part of its
 * state meanwhile. False: nothing. */
bool wt_file_set_gather(struct wt_file_set *set, struct wt_set_file *file, char **path,
                        uint64_t *bytes, uint64_t *kept_bytes);
void wt_file_set_free_parts(struct wt_set_file *file);

/* Stop counting a file that is gone or stuck; the caller has the lock. */
void wt_file_set_let_go(struct wt_file_set *set, struct wt_set_file *file, enum wt_set_state state);

#endif
