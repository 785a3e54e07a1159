// For Kong without a database: routes, and the three plugins that kong.yml has. By its variables.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { connect } from "node:net";
import { parse } from "yaml";

const { services } = parse(readFileSync(process.env.KONG_DECLARATIVE_CONFIG, "utf8"));
const routes = services.flatMap((service) =>
  service.routes.flatMap(({ hosts, paths, strip_path }) => paths.map((path) => ({ service, hosts, path, strip_path }))),
);

// Where a request goes: {service, url}.
function target(request) {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  const found = routes.find((one) => one.hosts.includes(host) && request.url.startsWith(one.path));
  if (!found) return null;
  const rest = found.strip_path ? request.url.slice(found.path.length) : request.url.slice(1);
  return { service: found.service, url: new URL(rest, found.service.url) };
}

const plugin = (service, name) => service.plugins?.find((one) => one.name === name)?.config;

function refuse(response, status, message) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ message }));
}

const server = createServer((request, response) => {
  const found = target(request);
  if (!found) return refuse(response, 404, "no Route matched with those values");
  const { service, url } = found;
  const most = plugin(service, "request-size-limiting")?.allowed_payload_size;
  if (most && Number(request.headers["content-length"] ?? 0) > most * 1024 ** 2) return refuse(response, 413, "Request size limit exceeded");
  const named = plugin(service, "correlation-id");
  const headers = { ...request.headers, host: url.host, ...(named && { [named.header_name.toLowerCase()]: randomUUID() }) };
  const asked = ask(url, { method: request.method, headers }, (answer) => {
    const more = named?.echo_downstream ? { [named.header_name]: headers[named.header_name.toLowerCase()] } : {};
    const cors = plugin(service, "cors");
    if (cors) Object.assign(more, { "Access-Control-Allow-Origin": cors.origins[0], "Access-Control-Allow-Credentials": String(cors.credentials) });
    response.writeHead(answer.statusCode, { ...answer.headers, ...more });
    answer.pipe(response);
  });
  asked.on("error", () => (response.headersSent ? response.destroy() : refuse(response, 502, "An invalid response was received from the upstream server")));
  request.pipe(asked);
});

server.on("upgrade", (request, socket, head) => {
  const found = target(request);
  if (!found) return socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  const { host, hostname, port, pathname, search } = found.url;
  const upstream = connect(Number(port), hostname, () => {
    const lines = Object.entries({ ...request.headers, host }).map(([name, text]) => `${name}: ${text}`);
    upstream.write([`GET ${pathname}${search} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  for (const one of [upstream, socket]) one.on("error", () => (upstream.destroy(), socket.destroy()));
});

server.keepAliveTimeout = 5000;
server.listen(Number(process.env.PORT ?? 8000), "0.0.0.0");
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close(() => process.exit(0)));
