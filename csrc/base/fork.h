/*
** fork.h - has this process been forked off since? Asking costs nothing: the system
** calls us in the child, where getpid at every turn was a noticeable part of a call.
*/
#ifndef EW_FORKS_H
#define EW_FORKS_H

/* Grows in each child. What remembers another number is a parent's. */
unsigned ew_forks(void);

#endif
