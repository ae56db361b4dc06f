# The inference worker with llama.cpp's CUDA 12 library beside the CPU ones. The context is what
# `deploy/images/build worker-cuda` published. The base brings CUDA's runtime libraries (libcudart 12, libcublas 12,
# libcublasLt 12); libcuda.so.1 comes from the node's driver (R550 or newer) through the NVIDIA container runtime.
ARG BASE=docker.io/nvidia/cuda:12.4.1-runtime-ubuntu22.04
FROM ${BASE}
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="FleetOps inference worker (CUDA 12)" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0 AND MIT"
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY app /app
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/app/fleetops-worker"]
