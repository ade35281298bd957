# The images of the node agent and of the controller, from what `make build` has left in dist: nothing is downloaded,
# compiled or run here. `make images` calls it. It lies at the top since its context is the top: dist and the license.
#
# BASE needs the C and the C++ library (Node.js links both) and certificates of authorities, but no shell.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BASE} AS runtime
# amd64 or arm64: dist/<TARGETARCH> holds the programs for it. BuildKit sets it to the platform that it builds for.
ARG TARGETARCH
ARG VERSION=unknown
ARG REVISION=unknown
# Where the source is nobody knows here: --label org.opencontainers.image.source=URL says it.
LABEL org.opencontainers.image.vendor="cluster-ipam" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /usr/share/doc/cluster-ipam/LICENSE
# First what both images share and what seldom changes: a node that runs both keeps it once.
COPY dist/${TARGETARCH}/lib/node dist/${TARGETARCH}/lib/package.json /opt/cluster-ipam/lib/
WORKDIR /

FROM runtime AS agent
ARG TARGETARCH
LABEL org.opencontainers.image.title="cluster-ipam-agent" \
      org.opencontainers.image.description="cluster-ipam's node agent, and the CNI plugin that it installs"
# As in scripts/build/binaries.ts, which says why; a test holds the two together.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536
COPY dist/${TARGETARCH}/bin/cluster-ipam /opt/cluster-ipam/bin/
COPY dist/${TARGETARCH}/lib/cluster-ipam-agent.js dist/${TARGETARCH}/lib/cluster-ipam-agent.js.LEGAL.txt /opt/cluster-ipam/lib/
# The socket, the node's network namespaces and the folder of plugins are root's.
USER 0:0
ENTRYPOINT ["/opt/cluster-ipam/lib/node", "--max-semi-space-size=8", "--max-old-space-size=160", "--expose-gc", "/opt/cluster-ipam/lib/cluster-ipam-agent.js"]

FROM runtime AS controller
ARG TARGETARCH
LABEL org.opencontainers.image.title="cluster-ipam-controller" \
      org.opencontainers.image.description="cluster-ipam's controller: status of pools, garbage, kept addresses"
# As in scripts/build/binaries.ts, which says why; a test holds the two together.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536
COPY dist/${TARGETARCH}/lib/cluster-ipam-controller.js dist/${TARGETARCH}/lib/cluster-ipam-controller.js.LEGAL.txt /opt/cluster-ipam/lib/
# Numbers, so that runAsNonRoot can be checked without a look into the image.
USER 65532:65532
ENTRYPOINT ["/opt/cluster-ipam/lib/node", "--max-semi-space-size=8", "--max-old-space-size-percentage=75", "/opt/cluster-ipam/lib/cluster-ipam-controller.js"]
