# One image for the controller and the agent: `rtvm controller`, `rtvm agent`. What is in it, and why: docs/image.md.
# Build:  docker build --build-arg REVISION=$(git rev-parse HEAD) -t ghcr.io/rtvm-dev/rtvm:0.1.0 .
# Behind a registry of one's own:  --secret id=npmrc,src=$HOME/.npmrc

# The Node that the tests run on: package.json has the same version.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-trixie-slim
ARG BASE_IMAGE=docker.io/library/debian:trixie-slim

# The bundle is the same for every platform, so it is made on the one that builds.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS bundle
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
# Nothing that runs here needs an install script.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/bundle scripts/bundle
COPY src src
# The guest that measures, which the bundle holds.
COPY guest/probe.rom guest/probe.rom
RUN node scripts/bundle/main.ts /bundle

# The symbols that Node is published with are 18 MB, read by nobody but a debugger.
FROM ${NODE_IMAGE} AS node
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends binutils \
 && strip /usr/local/bin/node

FROM ${BASE_IMAGE}
# The agent runs qemu-img on disks; prlimit, chrt and taskset are in the base. qemu-utils brings servers as well:
# they are left out, and so is what only people read.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      -o DPkg::Options::=--path-exclude=/usr/bin/qemu-io \
      -o DPkg::Options::=--path-exclude=/usr/bin/qemu-nbd \
      -o DPkg::Options::=--path-exclude=/usr/bin/qemu-storage-daemon \
      -o DPkg::Options::=--path-exclude=/usr/share/bash-completion/* \
      -o DPkg::Options::=--path-exclude=/usr/share/info/* \
      -o DPkg::Options::=--path-exclude=/usr/share/locale/* \
      -o DPkg::Options::=--path-exclude=/usr/share/man/* \
      qemu-utils \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/cache/ldconfig/* /var/lib/dpkg/*-old /var/log/* \
 && echo 'rtvm:x:65532:65532::/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'rtvm:x:65532:' >> /etc/group \
 && ln -s /rtvm/rtvm.mjs /usr/local/bin/rtvm \
 && ln -s /rtvm/rtvm.mjs /usr/local/bin/kubectl-rtvm
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=bundle /bundle/ /rtvm/
COPY LICENSE /rtvm/

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rtvm" \
      org.opencontainers.image.description="Kubernetes operator for real-time virtual machines: the controller and the node agent" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="rtvm-dev" \
      org.opencontainers.image.url="https://github.com/rtvm-dev/rtvm" \
      org.opencontainers.image.source="https://github.com/rtvm-dev/rtvm" \
      org.opencontainers.image.documentation="https://github.com/rtvm-dev/rtvm/tree/main/docs"

# The agent's pod says otherwise: it needs root to reach libvirt and to correct threads.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/rtvm"]
CMD ["--help"]
