// The calls of CUDA's runtime whose answer has to make sense before any device is used; the others come from `symbols`.

#define NO_DEVICE 100

static char nothing[65536];

int cudaGetDeviceCount(int * count) {
    *count = 0;
    return NO_DEVICE;
}

const char * cudaGetErrorString(int error) {
    (void) error;
    return "no CUDA-capable device is detected (stub)";
}

// Called while the library is loaded, once for each piece of GPU code; the handle is never looked into.
void * __cudaRegisterFatBinary(void * binary) {
    (void) binary;
    return nothing;
}
