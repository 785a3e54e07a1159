// Who is connected hears of their alerts at once: /ws?token=…
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { claims, redis } from "./parts.js";

const listener = await redis();
const server = createServer(async (_, response) => {
  const well = listener.isReady;
  response.writeHead(well ? 200 : 503).end(well ? "ready\n" : "Redis does not answer\n");
});
const sockets = new WebSocketServer({ noServer: true });

server.on("upgrade", (request, socket, head) => {
  const found = claims(new URL(request.url, "http://here").searchParams.get("token") ?? "");
  if (!found) return socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
  sockets.handleUpgrade(request, socket, head, async (client) => {
    const tell = (message) => client.send(message);
    client.on("error", () => client.terminate());
    client.on("close", () => listener.unsubscribe(`alerts.${found.sub}`, tell).catch(() => {}));
    await listener.subscribe(`alerts.${found.sub}`, tell);
    client.send(JSON.stringify({ hello: found.sub }));
  });
});

server.listen(Number(process.env.PORT ?? 8090), "0.0.0.0");
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    for (const client of sockets.clients) client.close(1001, "the service is replaced");
    server.close(() => process.exit(0));
  });
}
