// Leaves a reason when native code crashes: a handler of fatal signals that writes one prepared line to a file. It runs
// in a process that is broken, so it calls only what is safe in a signal handler, and allocates nothing.
#include "shim.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

struct library {
    uintptr_t begin;
    uintptr_t end;
    char      name[64];
};

struct fatal_signal {
    int              number;
    const char *     name;
    struct sigaction previous;
};

// Null dereferences of managed code arrive as the same signals and become exceptions, so those are the runtime's affair.
const char * const managed[] = { "libcoreclr", "libclrjit", "libhostpolicy", "libhostfxr", "libSystem." };

fatal_signal     fatal[] = { { SIGSEGV, "SIGSEGV", {} }, { SIGBUS, "SIGBUS", {} }, { SIGILL, "SIGILL", {} }, { SIGFPE, "SIGFPE", {} }, { SIGABRT, "SIGABRT", {} } };
library          libraries[512];
std::atomic<int> library_count{ 0 };
char             path[PATH_MAX];
char             head[512];
char             tail[64];
std::atomic<bool> told{ false };

const char * base_name(const char * file) {
    const char * slash = strrchr(file, '/');
    return slash == nullptr ? file : slash + 1;
}

int remember(dl_phdr_info * info, size_t, void * count) {
    const char * name = base_name(info->dlpi_name);
    // The program itself has no name; in an ahead-of-time build its code is managed.
    if (*name == 0) {
        return 0;
    }
    for (const char * own : managed) {
        if (strncmp(name, own, strlen(own)) == 0) {
            return 0;
        }
    }
    int & next = *(int *) count;
    for (int i = 0; i < info->dlpi_phnum && next < (int) (sizeof(libraries) / sizeof(libraries[0])); i++) {
        const auto & segment = info->dlpi_phdr[i];
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0) {
            auto & found = libraries[next++];
            found.begin  = info->dlpi_addr + segment.p_vaddr;
            found.end    = found.begin + segment.p_memsz;
            snprintf(found.name, sizeof(found.name), "%s", name);
        }
    }
    return 0;
}

const library * find(uintptr_t address) {
    const int count = library_count.load();
    for (int i = 0; i < count; i++) {
        if (address >= libraries[i].begin && address < libraries[i].end) {
            return &libraries[i];
        }
    }
    return nullptr;
}

uintptr_t instruction(const void * context) {
    const auto & registers = ((const ucontext_t *) context)->uc_mcontext;
#if defined(__x86_64__)
    return (uintptr_t) registers.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t) registers.pc;
#endif
}

char * append(char * to, const char * end, const char * text) {
    while (*text != 0 && to < end) {
        *to++ = *text++;
    }
    return to;
}

char * append_hex(char * to, const char * end, uintptr_t value) {
    char   digits[2 + 2 * sizeof(value) + 1];
    char * first = digits + sizeof(digits) - 1;
    *first       = 0;
    do {
        *--first = "0123456789abcdef"[value % 16];
        value /= 16;
    } while (value != 0);
    *--first = 'x';
    *--first = '0';
    return append(to, end, first);
}

void tell(const fatal_signal & signal, const library * where, uintptr_t address) {
    char         line[1024];
    const char * end = line + sizeof(line);
    char *       to  = append(append(line, end, head), end, signal.name);
    if (where != nullptr) {
        to = append(append(append(to, end, " in "), end, where->name), end, " at ");
        to = append_hex(to, end, address - where->begin);
    }
    to           = append(to, end, tail);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0) {
        for (const char * from = line; from < to;) {
            const ssize_t written = write(fd, from, (size_t) (to - from));
            if (written <= 0) {
                break;
            }
            from += written;
        }
        close(fd);
    }
}

// The runtime turns faults of managed code into exceptions and never returns here. A sanitizer would keep the borders of
// this frame's variables, and find them later in frames of others; so it has none.
__attribute__((no_sanitize_address)) void on_signal(int number, siginfo_t * info, void * context) {
    for (auto & signal : fatal) {
        if (signal.number != number) {
            continue;
        }
        const auto      address = instruction(context);
        const library * where   = find(address);
        if ((number == SIGABRT || where != nullptr) && !told.exchange(true)) {
            tell(signal, where, address);
        }
        if ((signal.previous.sa_flags & SA_SIGINFO) != 0) {
            signal.previous.sa_sigaction(number, info, context);
        } else if (signal.previous.sa_handler != SIG_DFL && signal.previous.sa_handler != SIG_IGN) {
            signal.previous.sa_handler(number);
        } else {
            sigaction(number, &signal.previous, nullptr);
        }
        // What nobody handled ends the process now: a fault comes back when its instruction does, a signal that was sent is sent on.
        struct sigaction now = {};
        sigaction(number, nullptr, &now);
        if (info->si_code <= 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
            raise(number);
        }
        return;
    }
}

}  // namespace

// Writes `before`, the name of the signal with its place, and `after` to a file when native code receives a fatal signal.
// Called again it only learns the libraries that were loaded since; one caller at a time.
FLEETOPS_API void fleetops_crash_log(const char * file, const char * before, const char * after) {
    int count = 0;
    dl_iterate_phdr(remember, &count);
    library_count.store(count);
    if (path[0] != 0) {
        return;
    }
    snprintf(path, sizeof(path), "%s", file);
    snprintf(head, sizeof(head), "%s", before);
    snprintf(tail, sizeof(tail), "%s", after);
    for (auto & signal : fatal) {
        sigaction(signal.number, nullptr, &signal.previous);
        struct sigaction action = {};
        action.sa_sigaction     = on_signal;
        // The runtime's handlers are called from here, so they get the stack and the mask that they asked for.
        action.sa_flags = SA_SIGINFO | (signal.previous.sa_flags & (SA_ONSTACK | SA_RESTART | SA_NODEFER));
        action.sa_mask  = signal.previous.sa_mask;
        sigaction(signal.number, &action, nullptr);
    }
}

// Says that the reason was left otherwise, so that the handler does not write over it.
FLEETOPS_API void fleetops_crash_told() { told.store(true); }
