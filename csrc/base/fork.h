/*
** fork.h - was this process forked off since an object was made?
*/
#ifndef EW_FORK_H
#define EW_FORK_H

/* A number that is larger in each child. An object that remembers another number belongs to a
** parent process. The kernel calls us in the child, so that asking needs no system call: getpid
** in every step was a noticeable part of the cost of a call. */
unsigned ew_fork_generation(void);

#endif
