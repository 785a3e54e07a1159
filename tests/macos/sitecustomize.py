"""Python as it is on macOS: what Linux alone has is not there. Names by typeshed's conditions on `sys.platform`."""

import fcntl
import os
import resource
import select
import signal
import socket
import time

GONE = {
    os: """pidfd_open sched_getaffinity sched_setaffinity sched_setscheduler memfd_create eventfd posix_fadvise
        posix_fallocate O_PATH O_TMPFILE O_DIRECT O_LARGEFILE copy_file_range splice getrandom setns unshare fdatasync
        setresuid setresgid getxattr setxattr listxattr removexattr pipe2""",
    select: "epoll",
    signal: "pidfd_send_signal sigtimedwait sigwaitinfo SIGRTMIN SIGRTMAX SIGPWR SIGSTKFLT",
    socket: "AF_NETLINK AF_PACKET AF_VSOCK SO_PEERCRED SO_MARK SOCK_CLOEXEC SOCK_NONBLOCK TCP_USER_TIMEOUT SO_PROTOCOL",
    resource: "prlimit",
    time: "CLOCK_BOOTTIME",
    fcntl: "F_OFD_SETLK F_OFD_SETLKW F_OFD_GETLK F_SETPIPE_SZ F_ADD_SEALS",
}
for module, names in GONE.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
