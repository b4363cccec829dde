# The whole server in one image: embedded database in the volume, or DATABASE_URL; ROLES picks parts of it.

FROM node:24-bookworm-slim AS build
WORKDIR /app
# The layer of packages changes with the lockfile alone.
COPY package.json package-lock.json .npmrc ./
COPY scripts/build-if-stale.mjs scripts/
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY src src
COPY migrations migrations
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

# glibc: the binaries of PostgreSQL, ONNX Runtime and argon2 are built for it.
FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/var/lib/rrralgorithms
WORKDIR /app
RUN install -d -o node -g node -m 0700 /var/lib/rrralgorithms
COPY --from=build /app/package.json package.json
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# PostgreSQL refuses to run as root, and nothing here needs to.
USER node
VOLUME /var/lib/rrralgorithms
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
