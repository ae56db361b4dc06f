# The inference worker with llama.cpp's CPU libraries. The context is what `deploy/images/build worker` published.
# The base needs glibc >= 2.34, libstdc++ 12, OpenSSL 3 and CA certificates; it needs no shell.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
FROM ${BASE}
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="FleetOps inference worker" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0 AND MIT"
COPY app /app
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/app/fleetops-worker"]
