// Stands in for the NVIDIA driver, libcuda.so.1. What it pretends is chosen by the environment:
//   FLEETOPS_STUB_CUDA_INIT        answer of cuInit; 0 (the default) is success, 100 is CUDA_ERROR_NO_DEVICE
//   FLEETOPS_STUB_CUDA_DEVICES     number of devices, 0 by default
//   FLEETOPS_STUB_CUDA_DRIVER      CUDA version of the driver, 12040 (12.4) by default
//   FLEETOPS_STUB_CUDA_CAPABILITY  compute capability times ten, 90 (9.0) by default
// It can describe devices and never run anything on them.

#include <stdio.h>
#include <stdlib.h>

#define INVALID_VALUE 1
#define NO_DEVICE 100
#define CAPABILITY_MAJOR 75
#define CAPABILITY_MINOR 76

static int setting(const char * name, int otherwise) {
    const char * value = getenv(name);
    return value != NULL && *value != '\0' ? atoi(value) : otherwise;
}

static int devices(void) { return setting("FLEETOPS_STUB_CUDA_DEVICES", 0); }

int cuInit(unsigned flags) {
    (void) flags;
    return setting("FLEETOPS_STUB_CUDA_INIT", 0);
}

int cuDriverGetVersion(int * version) {
    *version = setting("FLEETOPS_STUB_CUDA_DRIVER", 12040);
    return 0;
}

int cuDeviceGetCount(int * count) {
    *count = devices();
    return 0;
}

int cuDeviceGet(int * device, int ordinal) {
    *device = ordinal;
    return ordinal < devices() ? 0 : NO_DEVICE;
}

int cuDeviceGetAttribute(int * value, int attribute, int device) {
    (void) device;
    const int capability = setting("FLEETOPS_STUB_CUDA_CAPABILITY", 90);
    switch (attribute) {
        case CAPABILITY_MAJOR: *value = capability / 10; return 0;
        case CAPABILITY_MINOR: *value = capability % 10; return 0;
        default: *value = 0; return INVALID_VALUE;
    }
}

int cuDeviceGetName(char * name, int length, int device) {
    snprintf(name, (size_t) length, "Stub GPU %d", device);
    return 0;
}

int cuGetErrorName(int error, const char ** name) {
    *name = error == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_STUB";
    return 0;
}

int cuGetErrorString(int error, const char ** text) {
    *text = error == NO_DEVICE ? "no CUDA-capable device is detected" : "stub";
    return 0;
}

int cuMemAddressFree(void) { return NO_DEVICE; }
int cuMemAddressReserve(void) { return NO_DEVICE; }
int cuMemCreate(void) { return NO_DEVICE; }
int cuMemGetAllocationGranularity(void) { return NO_DEVICE; }
int cuMemMap(void) { return NO_DEVICE; }
int cuMemRelease(void) { return NO_DEVICE; }
int cuMemSetAccess(void) { return NO_DEVICE; }
int cuMemUnmap(void) { return NO_DEVICE; }
