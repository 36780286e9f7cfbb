# The connector's image. From a clone of this repository, for the machine's own architecture:
#
#   docker build --tag destination-hubspot .
#
# Nothing here is tied to one architecture. Both at once (the other one is emulated, which is slow):
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/NAME:VERSION --push .

# Both are of one Debian release: the connector needs a C library that is no older than the one it was built with.
ARG BUILD_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG RUN_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build

# The dependencies come first, with empty targets in the place of the sources, so that a change of the sources keeps this layer.
# What was made of the empty targets is removed: COPY keeps old times, by which cargo would take it for up to date.
COPY Cargo.toml Cargo.lock ./
COPY sandbox/Cargo.toml sandbox/
RUN mkdir --parents src sandbox/src examples/portal_probe \
 && touch src/lib.rs sandbox/src/lib.rs \
 && echo 'fn main() {}' | tee src/main.rs examples/portal_probe/main.rs >sandbox/src/main.rs \
 && cargo build --release --locked --package destination-hubspot --bin destination-hubspot \
 && cargo clean --release --locked --package destination-hubspot

COPY spec.json ./
COPY src src
RUN cargo build --release --locked --package destination-hubspot --bin destination-hubspot

# Airbyte runs its own script in the image: it needs sh, sleep and mv, which rules out an image without a shell.
FROM ${RUN_IMAGE}
RUN groupadd --gid 1000 airbyte \
 && useradd --uid 1000 --gid 1000 --home-dir /airbyte --create-home --shell /usr/sbin/nologin airbyte
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/target/release/destination-hubspot /usr/local/bin/destination-hubspot

# In numbers, so that a cluster that refuses to run as root can see that this is not.
USER 1000:1000
WORKDIR /airbyte
# Airbyte starts what the variable names, its test suites and people the entry point.
ENV AIRBYTE_ENTRYPOINT=/usr/local/bin/destination-hubspot
ENTRYPOINT ["/usr/local/bin/destination-hubspot"]

# The version of Cargo.toml.
ARG VERSION=0.2.0
LABEL io.airbyte.name="destination-hubspot-contacts"
LABEL io.airbyte.version="${VERSION}"
LABEL org.opencontainers.image.title="destination-hubspot"
LABEL org.opencontainers.image.description="Airbyte destination that upserts contacts into HubSpot"
LABEL org.opencontainers.image.version="${VERSION}"
LABEL org.opencontainers.image.licenses="MIT"
