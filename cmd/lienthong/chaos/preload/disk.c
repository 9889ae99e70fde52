/*
 * Stands between a process and the files under one folder. It writes down every
 * change of them and every sync, in the order in which they happened, and fails
 * calls when it is told to. Loaded with LD_PRELOAD; for tests only.
 *
 * Environment:
 *   CHAOS_DISK_DIR      the folder, an absolute path without symbolic links
 *   CHAOS_DISK_LOG      file to write the operations to ("" = none)
 *   CHAOS_DISK_CONTROL  file of struct control, shared with whoever breaks things ("" = none)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 65536
#define MAGIC 0x504f544cu /* "LTOP" */

enum { OP_OPEN = 1, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_SYNCDIR, OP_UNLINK };
enum { NOT_OURS = 0, A_FILE, A_DIR };

struct record { /* as the reader knows it: 32 bytes, little-endian, then len bytes */
	uint32_t magic, op;
	uint64_t inode;
	int64_t offset;
	int64_t len;
};

struct control { /* 64 bytes; what is 0 does nothing */
	uint32_t full;     /* writes that make a file longer fail with ENOSPC */
	uint32_t write_at; /* countdown: the write that makes it 0 fails with EIO */
	uint32_t sync_at;  /* the same for syncs */
	uint32_t sticky;   /* after that, every such call fails */
	uint32_t readonly; /* writes fail with EROFS, and so does opening for writing */
	uint32_t failed;   /* how many calls were failed */
	uint32_t writes, syncs;
	uint32_t broken_writes, broken_syncs; /* set by sticky */
	uint32_t broken_reads;                /* reads fail with EIO */
	uint32_t spare[5];
};

static struct { uint8_t kind; uint64_t inode; } fds[FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char dir[4096];
static size_t dirlen;
static int logfd = -1;
static struct control none, *ctl = &none;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_close)(int);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);

static void begin(void)
{
	const char *s;
	int fd;
	void *p;

	real_open = dlsym(RTLD_NEXT, "open");
	real_openat = dlsym(RTLD_NEXT, "openat");
	real_read = dlsym(RTLD_NEXT, "read");
	real_pread = dlsym(RTLD_NEXT, "pread");
	real_write = dlsym(RTLD_NEXT, "write");
	real_pwrite = dlsym(RTLD_NEXT, "pwrite");
	real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
	real_fsync = dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	real_unlink = dlsym(RTLD_NEXT, "unlink");
	real_close = dlsym(RTLD_NEXT, "close");
	real_mmap = dlsym(RTLD_NEXT, "mmap");
	s = getenv("CHAOS_DISK_DIR");
	if (s == NULL || strlen(s) + 2 > sizeof dir)
		return;
	strcpy(dir, s);
	dirlen = strlen(dir);
	s = getenv("CHAOS_DISK_LOG");
	if (s != NULL && *s)
		logfd = real_open(s, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	s = getenv("CHAOS_DISK_CONTROL");
	if (s == NULL || !*s)
		return;
	fd = real_open(s, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	p = real_mmap(NULL, sizeof *ctl, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		ctl = p;
	real_close(fd);
}

static void ready(void) { pthread_once(&once, begin); }

/* ours tells whether a path is a file that counts: under the folder, and not the
 * shared-memory index, which SQLite makes anew. */
static int ours(const char *path)
{
	size_t n;

	if (dirlen == 0 || path == NULL || strncmp(path, dir, dirlen) != 0 || (path[dirlen] != '/' && path[dirlen] != 0))
		return 0;
	n = strlen(path);
	return n < 4 || strcmp(path + n - 4, "-shm") != 0;
}

static void note(uint32_t op, uint64_t inode, int64_t offset, const void *data, size_t len)
{
	struct record r = {MAGIC, op, inode, offset, (int64_t)len};
	struct iovec v[2] = {{&r, sizeof r}, {(void *)data, len}};

	if (logfd >= 0 && writev(logfd, v, len ? 2 : 1) < 0)
		abort(); /* a log with a hole would accuse the innocent */
}

/* fails counts a call down and tells whether it is the one to fail. */
static int fails(volatile uint32_t *countdown, volatile uint32_t *broken)
{
	if (*broken) {
		__sync_fetch_and_add(&ctl->failed, 1);
		return 1;
	}
	if (*countdown == 0 || __sync_sub_and_fetch(countdown, 1) != 0)
		return 0;
	if (ctl->sticky)
		*broken = 1;
	__sync_fetch_and_add(&ctl->failed, 1);
	return 1;
}

static int opened(int fd, const char *path, int flags)
{
	struct stat st;
	int saved = errno;

	if (fd >= 0 && fd < FDS && ours(path) && fstat(fd, &st) == 0) {
		pthread_mutex_lock(&lock);
		fds[fd].inode = st.st_ino;
		fds[fd].kind = S_ISDIR(st.st_mode) ? A_DIR : A_FILE;
		if (fds[fd].kind == A_FILE)
			note(OP_OPEN, st.st_ino, st.st_size, path, strlen(path));
		pthread_mutex_unlock(&lock);
	}
	(void)flags;
	errno = saved;
	return fd;
}

static int forbidden(const char *path, int flags)
{
	if (!ctl->readonly || !ours(path) || (flags & O_ACCMODE) == O_RDONLY)
		return 0;
	__sync_fetch_and_add(&ctl->failed, 1);
	errno = EROFS;
	return 1;
}

static mode_t mode_of(int flags, va_list ap)
{
	return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                   \
	int name(const char *path, int flags, ...)                   \
	{                                                            \
		va_list ap;                                          \
		mode_t mode;                                         \
		va_start(ap, flags);                                 \
		mode = mode_of(flags, ap);                           \
		va_end(ap);                                          \
		ready();                                             \
		if (forbidden(path, flags))                          \
			return -1;                                   \
		return opened(real_open(path, flags, mode), path, flags); \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                 \
	int name(int at, const char *path, int flags, ...)           \
	{                                                            \
		va_list ap;                                          \
		mode_t mode;                                         \
		va_start(ap, flags);                                 \
		mode = mode_of(flags, ap);                           \
		va_end(ap);                                          \
		ready();                                             \
		if (forbidden(path, flags))                          \
			return -1;                                   \
		return opened(real_openat(at, path, flags, mode), path, flags); \
	}
OPENAT(openat)
OPENAT(openat64)

static int is_file(int fd) { return fd >= 0 && fd < FDS && fds[fd].kind == A_FILE; }

/* unread tells whether a read must fail, and why in errno. */
static int unread(int fd)
{
	if (!ctl->broken_reads || !is_file(fd))
		return 0;
	__sync_fetch_and_add(&ctl->failed, 1);
	errno = EIO;
	return 1;
}

ssize_t read(int fd, void *b, size_t n)
{
	ready();
	return unread(fd) ? -1 : real_read(fd, b, n);
}

#define PREAD(name)                                                  \
	ssize_t name(int fd, void *b, size_t n, off_t at)            \
	{                                                            \
		ready();                                             \
		return unread(fd) ? -1 : real_pread(fd, b, n, at);   \
	}
PREAD(pread)
PREAD(pread64)

/* refuses tells whether a write must fail, and why in errno. */
static int refuses(int fd, off_t end)
{
	struct stat st;

	__sync_fetch_and_add(&ctl->writes, 1);
	if (ctl->readonly) {
		__sync_fetch_and_add(&ctl->failed, 1);
		errno = EROFS;
		return 1;
	}
	if (fails(&ctl->write_at, &ctl->broken_writes)) {
		errno = EIO;
		return 1;
	}
	if (ctl->full && fstat(fd, &st) == 0 && end > st.st_size) {
		__sync_fetch_and_add(&ctl->failed, 1);
		errno = ENOSPC;
		return 1;
	}
	return 0;
}

ssize_t write(int fd, const void *b, size_t n)
{
	off_t at;
	ssize_t done;

	ready();
	if (!is_file(fd))
		return real_write(fd, b, n);
	pthread_mutex_lock(&lock);
	at = lseek(fd, 0, SEEK_CUR);
	if (refuses(fd, at + (off_t)n)) {
		pthread_mutex_unlock(&lock);
		return -1;
	}
	done = real_write(fd, b, n);
	if (done > 0)
		note(OP_WRITE, fds[fd].inode, at, b, (size_t)done);
	pthread_mutex_unlock(&lock);
	return done;
}

#define PWRITE(name)                                                 \
	ssize_t name(int fd, const void *b, size_t n, off_t at)      \
	{                                                            \
		ssize_t done;                                        \
		ready();                                             \
		if (!is_file(fd))                                    \
			return real_pwrite(fd, b, n, at);            \
		pthread_mutex_lock(&lock);                           \
		if (refuses(fd, at + (off_t)n)) {                    \
			pthread_mutex_unlock(&lock);                 \
			return -1;                                   \
		}                                                    \
		done = real_pwrite(fd, b, n, at);                    \
		if (done > 0)                                        \
			note(OP_WRITE, fds[fd].inode, at, b, (size_t)done); \
		pthread_mutex_unlock(&lock);                         \
		return done;                                         \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

#define FTRUNCATE(name)                                              \
	int name(int fd, off_t n)                                    \
	{                                                            \
		int done;                                            \
		ready();                                             \
		if (!is_file(fd))                                    \
			return real_ftruncate(fd, n);                \
		pthread_mutex_lock(&lock);                           \
		if (refuses(fd, 0)) {                                \
			pthread_mutex_unlock(&lock);                 \
			return -1;                                   \
		}                                                    \
		done = real_ftruncate(fd, n);                        \
		if (done == 0)                                       \
			note(OP_TRUNCATE, fds[fd].inode, n, NULL, 0); \
		pthread_mutex_unlock(&lock);                         \
		return done;                                         \
	}
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

static int synced(int fd, int (*real)(int))
{
	int done;

	if (fd < 0 || fd >= FDS || fds[fd].kind == NOT_OURS)
		return real(fd);
	pthread_mutex_lock(&lock);
	__sync_fetch_and_add(&ctl->syncs, 1);
	if (fails(&ctl->sync_at, &ctl->broken_syncs)) {
		pthread_mutex_unlock(&lock);
		errno = EIO;
		return -1;
	}
	done = real(fd);
	if (done == 0)
		note(fds[fd].kind == A_DIR ? OP_SYNCDIR : OP_SYNC, fds[fd].inode, 0, NULL, 0);
	pthread_mutex_unlock(&lock);
	return done;
}

int fsync(int fd)
{
	ready();
	return synced(fd, real_fsync);
}

int fdatasync(int fd)
{
	ready();
	return synced(fd, real_fdatasync);
}

int unlink(const char *path)
{
	struct stat st;
	int done, known;

	ready();
	if (!ours(path))
		return real_unlink(path);
	pthread_mutex_lock(&lock);
	known = stat(path, &st) == 0;
	done = real_unlink(path);
	if (done == 0 && known)
		note(OP_UNLINK, st.st_ino, 0, path, strlen(path));
	pthread_mutex_unlock(&lock);
	return done;
}

int close(int fd)
{
	ready();
	if (fd >= 0 && fd < FDS && fds[fd].kind != NOT_OURS) {
		pthread_mutex_lock(&lock);
		fds[fd].kind = NOT_OURS;
		pthread_mutex_unlock(&lock);
	}
	return real_close(fd);
}

/* A file that is written through memory would be changed behind the log. */
void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	ready();
	if (is_file(fd) && (flags & MAP_SHARED) && (prot & PROT_WRITE))
		abort();
	return real_mmap(at, n, prot, flags, fd, off);
}
