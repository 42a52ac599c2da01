# One image for each service: `docker build --target memory .`; see docs/containers.md.
# Base images are arguments, so that a release can pin them by digest (.github/workflows/images.yml) and a mirror can stand in.
ARG NODE_IMAGE=node:24-trixie-slim
ARG DEBIAN_IMAGE=debian:trixie-slim
ARG GITHUB_IMAGE=ghcr.io/github/github-mcp-server:v1.10.1

# JavaScript is the same on every platform, so it is put together once, on the one that builds.
FROM --platform=${BUILDPLATFORM} ${NODE_IMAGE} AS npm
WORKDIR /build
COPY container/strip /usr/local/bin/
ENV npm_config_fund=false npm_config_audit=false npm_config_update_notifier=false npm_config_ignore_scripts=true \
    npm_config_cache=/var/cache/npm npm_config_userconfig=/run/secrets/npmrc

FROM npm AS hearth-modules
COPY package.json package-lock.json ./
# What hearth's own servers need, in parts, since not every image needs all: the embedded database, the program's own few modules that
# are not bundled (docs/adr/0017-a-bundled-program.md), and the rest. The servers that hearth brings along for a checkout are left out.
RUN --mount=type=cache,target=/var/cache/npm --mount=type=secret,id=npmrc npm ci --omit=dev --omit=peer \
 && npm pkg delete $(node -p "Object.keys(require('./package.json').dependencies).filter((name) => name.includes('/server-')).map((name) => 'dependencies.' + name).join(' ')") \
 && npm prune --omit=dev --omit=peer && strip node_modules \
 && find node_modules -type f -iname 'licen[cs]e*' -exec sh -c 'for file; do echo "==== $file"; cat "$file"; done' sh {} + >THIRD-PARTY-LICENCES \
 && mkdir -p /embedded && mv node_modules/@electric-sql /embedded/ && cp -r node_modules /all \
 && npm pkg delete $(node -p "Object.keys(require('./package.json').dependencies).filter((name) => name !== 'pg').map((name) => 'dependencies.' + name).join(' ')") \
 && npm prune --omit=dev --omit=peer

FROM npm AS hearth-build
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/var/cache/npm --mount=type=secret,id=npmrc npm ci
COPY tsconfig*.json rolldown.config.ts ./
COPY src src
COPY wrappers wrappers
RUN npm run -s build && chmod +x dist/main.js dist/wrappers/*/main.js && find wrappers -type f ! -name service.yaml -delete \
 && mkdir -p /hearth/dist /servers && mv dist/wrappers /servers/ && mv package.json wrappers /hearth/ && mv dist/main.js dist/bundle-*.js /hearth/dist/

FROM npm AS filesystem-build
COPY wrappers/filesystem/package*.json ./
RUN --mount=type=cache,target=/var/cache/npm --mount=type=secret,id=npmrc npm ci && strip node_modules

FROM npm AS playwright-build
COPY wrappers/playwright/package*.json ./
# Its viewers of traces and reports are for people with a window.
RUN --mount=type=cache,target=/var/cache/npm --mount=type=secret,id=npmrc npm ci && strip node_modules \
 && rm -rf node_modules/playwright-core/lib/vite

FROM npm AS n8n-build
COPY wrappers/n8n/package*.json ./
# Of SQL.js it loads one form out of fourteen. better-sqlite3, its other choice, would have to be compiled.
RUN --mount=type=cache,target=/var/cache/npm --mount=type=secret,id=npmrc npm ci --omit=optional && strip node_modules \
 && find node_modules/sql.js/dist -type f ! -name 'sql-wasm.*' -delete && rm -rf node_modules/n8n-mcp/ui-apps

FROM ${DEBIAN_IMAGE} AS python-build
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/90build \
    apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY container/venv /usr/local/bin/
ENV PIP_CACHE_DIR=/var/cache/pip

FROM python-build AS fetch-build
COPY wrappers/fetch/requirements.txt /build/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf,target=/etc/pip.conf venv /build/requirements.txt

FROM python-build AS postgres-build
COPY wrappers/postgres/requirements.txt /build/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf,target=/etc/pip.conf venv /build/requirements.txt

# For compose/litellm.yaml where LiteLLM's own image cannot be had: `docker build --target litellm`. Some packages of it come as source.
FROM python-build AS litellm
COPY compose/litellm/requirements.txt /build/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf,target=/etc/pip.conf venv /build/requirements.txt \
 && useradd --uid 1000 --create-home litellm
USER litellm
ENV PATH=/opt/server/bin:/usr/bin:/bin
ENTRYPOINT ["litellm"]

FROM ${NODE_IMAGE} AS node
FROM ${GITHUB_IMAGE} AS github-server

# What every image has: Node.js without npm, hearth, and an init that reaps, which hearth hands its place as PID 1 to
# (docs/adr/0005-pid-1.md), so that `docker run` needs no --init.
FROM ${DEBIAN_IMAGE} AS base
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/90build \
    apt-get update && apt-get install -y --no-install-recommends ca-certificates libatomic1 tini && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/* \
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home --shell /usr/sbin/nologin node \
 && install -d -o node -g node /data && mkdir -p /opt/server/bin \
 && ln -s /opt/hearth/dist/main.js /usr/local/bin/hearth
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY container/health /usr/local/bin/health
COPY --from=hearth-modules /build/node_modules /opt/hearth/node_modules
COPY --from=hearth-modules /build/THIRD-PARTY-LICENCES /opt/hearth/
COPY --from=hearth-build /hearth /opt/hearth
# V8 collects by these, and not by the memory of the machine (docs/benchmarks.md). They are hearth's own: a server is not given them.
# Before what is compiled, which counts for the same options only.
ENV NODE_OPTIONS="--max-semi-space-size=4 --max-old-space-size=192"
# Compiled once, for the user and the Node.js that run it: nobody can write there later.
RUN install -d -o node /opt/hearth/dist/.cache \
 && setpriv --reuid=node --regid=node --clear-groups timeout --signal=TERM 20 hearth wrap --port 0 -- sleep 5 >/dev/null 2>&1; \
    chown -R root:root /opt/hearth/dist/.cache && chmod -R a+rX /opt/hearth/dist/.cache && test -n "$(ls /opt/hearth/dist/.cache)"
WORKDIR /data
USER node
ENV PATH=/opt/server/bin:/opt/server/node_modules/.bin:/usr/local/bin:/usr/bin:/bin \
    NODE_ENV=production \
    HEARTH_HOST=0.0.0.0 HEARTH_PORT=8080 HEARTH_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=90s --retries=3 CMD ["health"]
ENTRYPOINT ["hearth"]
CMD ["wrap"]
ARG VERSION=0.1.0
LABEL org.opencontainers.image.vendor=hearth org.opencontainers.image.licenses=MIT org.opencontainers.image.version=${VERSION}

# The nine. TOOLS is the length of the server's own list; `node scripts/image-tools.ts` fills it in from running containers.

FROM base AS filesystem
COPY --from=filesystem-build /build/node_modules /opt/server/node_modules
ENV HEARTH_SERVICE=filesystem HEARTH_ALLOWED_HOSTS=mcp-filesystem FILESYSTEM_ROOT=/data
VOLUME /data
ARG TOOLS=14
LABEL org.opencontainers.image.title="hearth filesystem" com.mcp.service=filesystem com.mcp.type=storage com.mcp.tools=${TOOLS}

FROM base AS own
COPY --from=hearth-modules /all /opt/hearth/node_modules
COPY --from=hearth-build /servers /opt/hearth/dist

FROM own AS monitoring
ENV HEARTH_SERVICE=monitoring HEARTH_ALLOWED_HOSTS=mcp-monitoring
ARG TOOLS=18
LABEL org.opencontainers.image.title="hearth monitoring" com.mcp.service=monitoring com.mcp.type=monitoring com.mcp.tools=${TOOLS}

FROM own AS memory
COPY --from=hearth-modules /embedded/@electric-sql /opt/hearth/node_modules/@electric-sql
ENV HEARTH_SERVICE=memory HEARTH_ALLOWED_HOSTS=mcp-memory MEMORY_DIR=/data/memory
VOLUME /data
ARG TOOLS=12
LABEL org.opencontainers.image.title="hearth memory" com.mcp.service=memory com.mcp.type=memory com.mcp.tools=${TOOLS}

FROM own AS timescaledb
ENV HEARTH_SERVICE=timescaledb HEARTH_ALLOWED_HOSTS=mcp-timescaledb
ARG TOOLS=9
LABEL org.opencontainers.image.title="hearth timescaledb" com.mcp.service=timescaledb com.mcp.type=database com.mcp.tools=${TOOLS}

FROM base AS github
COPY --from=github-server /server/github-mcp-server /opt/server/bin/github-mcp-server
ENV HEARTH_SERVICE=github HEARTH_ALLOWED_HOSTS=mcp-github
ARG TOOLS=44
LABEL org.opencontainers.image.title="hearth github" com.mcp.service=github com.mcp.type=code com.mcp.tools=${TOOLS}

FROM base AS n8n
COPY --from=n8n-build /build/node_modules /opt/server/node_modules
ENV HEARTH_SERVICE=n8n HEARTH_ALLOWED_HOSTS=mcp-n8n
ARG TOOLS=28
LABEL org.opencontainers.image.title="hearth n8n" com.mcp.service=n8n com.mcp.type=automation com.mcp.tools=${TOOLS}

FROM base AS playwright
USER root
# Drivers of graphics cards, 200 MB of them, are for machines with one: without a window chromium draws with SwiftShader.
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/90build \
    apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell fonts-liberation && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/* \
 && rm -f /usr/lib/*-linux-gnu/libLLVM* /usr/lib/*-linux-gnu/libgallium* /usr/lib/*-linux-gnu/libz3* /usr/lib/chromium/libVkLayer*
USER node
COPY --from=playwright-build /build/node_modules /opt/server/node_modules
ENV HEARTH_SERVICE=playwright HEARTH_ALLOWED_HOSTS=mcp-playwright HOME=/tmp CHROMIUM_PATH=/usr/bin/chromium-headless-shell
ARG TOOLS=24
LABEL org.opencontainers.image.title="hearth playwright" com.mcp.service=playwright com.mcp.type=browser com.mcp.tools=${TOOLS}

FROM base AS python
USER root
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/90build \
    apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*
USER node

FROM python AS fetch
COPY --from=fetch-build /opt/server /opt/server
ENV HEARTH_SERVICE=fetch HEARTH_ALLOWED_HOSTS=mcp-fetch
# Without node on the server's PATH: its library would start one for every page, and look for npm.
CMD ["wrap", "--env", "PATH=/opt/server/bin:/usr/bin:/bin"]
ARG TOOLS=1
LABEL org.opencontainers.image.title="hearth fetch" com.mcp.service=fetch com.mcp.type=web com.mcp.tools=${TOOLS}

FROM python AS postgres
COPY --from=postgres-build /opt/server /opt/server
ENV HEARTH_SERVICE=postgres HEARTH_ALLOWED_HOSTS=mcp-postgres
ARG TOOLS=9
LABEL org.opencontainers.image.title="hearth postgres" com.mcp.service=postgres com.mcp.type=database com.mcp.tools=${TOOLS}

# All of them behind one URL. The last stage is what a build without a target makes.
FROM base AS hub
COPY config/containers.yaml /etc/hearth/hearth.yaml
ENV HEARTH_ALLOWED_HOSTS=hearth
CMD ["serve", "-c", "/etc/hearth/hearth.yaml"]
LABEL org.opencontainers.image.title=hearth com.mcp.service=hearth com.mcp.type=hub
