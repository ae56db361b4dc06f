// The C interface of libfleetops-llama.so: what llama.cpp offers only in C++, and guarded forms of the calls that can
// throw. Rules that every function keeps:
//   - No C++ type and no exception crosses: an exception that reached a C# caller would end the process.
//   - Text is UTF-8. Text that is returned was malloc'ed and belongs to the caller, who gives it back to fleetops_free.
//   - `error` is a caller's buffer of `error_size` bytes; it holds a message, cut to fit, when the call failed.
//   - Structured data goes in and out as JSON, so that a new field never changes a signature.
#pragma once

#include "llama.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#define FLEETOPS_API extern "C" __attribute__((visibility("default")))

// Raised with any change of a function's signature or meaning; the binding refuses a shim of another number.
constexpr uint64_t FLEETOPS_SHIM_ABI = 2;

// What a guarded call that returns a number gives when an exception was caught; llama.cpp itself never returns it.
constexpr int32_t FLEETOPS_EXCEPTION = -1000;

namespace fleetops {

inline void describe(char * error, int32_t error_size, const char * message) {
    if (error != nullptr && error_size > 0) {
        snprintf(error, (size_t) error_size, "%s", message);
    }
}

inline char * copy(const std::string & text) {
    char * result = (char *) malloc(text.size() + 1);
    if (result != nullptr) {
        memcpy(result, text.c_str(), text.size() + 1);
    }
    return result;
}

// Runs `call`; gives `failed` and the exception's text when it throws.
template <typename T, typename Call>
T guard(T failed, char * error, int32_t error_size, Call call) {
    try {
        return call();
    } catch (const std::exception & e) {
        describe(error, error_size, e.what());
    } catch (...) {
        describe(error, error_size, "an exception that is no std::exception");
    }
    return failed;
}

}  // namespace fleetops
