// For Realtime: /socket/websocket?apikey=TOKEN hears of each alert of that user when it is made. By its variables.
import { readFileSync } from "node:fs";
import pg from "pg";
import { WebSocketServer } from "ws";
import { serve } from "./serving.js";
import { claims } from "./tokens.js";

const env = process.env;
const client = new pg.Client({
  host: env.DB_HOST, port: Number(env.DB_PORT), user: env.DB_USER, database: env.DB_NAME, password: env.DB_PASSWORD,
  ssl: { ca: readFileSync(env.DB_CA_FILE, "utf8") },
});
client.on("error", () => process.exit(1)); // started anew, it listens anew
await client.connect();
await client.query("listen alerts");

const server = serve(env.PORT ?? 4000, async () => [200, { status: "well" }]);
const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  const url = new URL(request.url, "http://here");
  const who = claims(url.searchParams.get("apikey"), env.API_JWT_SECRET);
  if (!who || url.pathname !== "/socket/websocket") return socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
  sockets.handleUpgrade(request, socket, head, (one) => {
    one.sub = who.sub;
    one.on("error", () => one.terminate());
    one.send(JSON.stringify({ event: "system", payload: { status: "ok" } }));
  });
});
client.on("notification", ({ payload }) => {
  const record = JSON.parse(payload);
  const text = JSON.stringify({ event: "postgres_changes", payload: { type: "INSERT", table: "alerts", record } });
  for (const one of sockets.clients) if (one.sub === record.recipient) one.send(text);
});
