package sqlite

/*
#define _FILE_OFFSET_BITS 64 // as SQLite has it
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

// The beginning of sqlite3_vfs, version 3: what the driver's copy of SQLite promises
// not to change.
typedef void (*syscall_ptr)(void);
typedef struct vfs vfs;
struct vfs {
	int version, size, longest;
	vfs *next;
	const char *name;
	void *data;
	void (*methods[13])(void); // xOpen … xCurrentTimeInt64
	int (*set_system_call)(vfs *, const char *, syscall_ptr);
};

extern vfs *sqlite3_vfs_find(const char *) __attribute__((weak)); // of the driver

static ssize_t told(ssize_t got)
{
	if (got < 0 && (errno == EIO || errno == ENXIO || errno == ERANGE))
		errno = EREMOTEIO;
	return got;
}

static ssize_t read_next(int fd, void *to, size_t n) { return told(read(fd, to, n)); }
static ssize_t read_at(int fd, void *to, size_t n, off_t at) { return told(pread(fd, to, n, at)); }

// tell_unread returns 0 when reads of the built-in file system go through these
// functions. Which of them it uses hangs on how SQLite was compiled.
static int tell_unread(void)
{
	vfs *v = sqlite3_vfs_find ? sqlite3_vfs_find("unix") : NULL;
	if (!v || v->version < 3)
		return 1;
	return v->set_system_call(v, "read", (syscall_ptr)read_next) || v->set_system_call(v, "pread", (syscall_ptr)read_at) ||
	       v->set_system_call(v, "pread64", (syscall_ptr)read_at);
}
*/
import "C"

// SQLite takes a disk that fails a read (EIO) for a file that is damaged, and says
// SQLITE_CORRUPT. Nothing is known to be damaged then, and it may pass; so its reads
// go through a function that gives the error another number, for which SQLite says
// SQLITE_IOERR_READ. The file system has an entry for that (xSetSystemCall).
func init() {
	if C.tell_unread() != 0 {
		panic("sqlite: this SQLite lets nobody stand before its reads")
	}
}
