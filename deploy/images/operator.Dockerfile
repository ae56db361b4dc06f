# The operator: one Native AOT program and nothing else. The context is what `deploy/images/build operator` published.
# The base needs glibc >= 2.36, OpenSSL 3 and CA certificates; it needs no shell.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
FROM ${BASE}
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="FleetOps operator" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY app /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/app/fleetops-operator"]
