// A server of JSON, and a database by its address.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import pg from "pg";

export function pool(address, max) {
  const url = new URL(address);
  const ca = url.searchParams.get("sslrootcert");
  url.search = "";
  const made = new pg.Pool({ connectionString: url.toString(), ssl: ca ? { ca: readFileSync(ca, "utf8") } : undefined, max });
  made.on("error", (error) => console.error("postgres:", error.message));
  return made;
}

// `answer(request, body)` gives [status, data].
export function serve(port, answer) {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    let said;
    try {
      said = await answer(request, text ? JSON.parse(text) : {});
    } catch (error) {
      console.error(error.message);
      said = [500, { message: "it failed" }];
    }
    response.writeHead(said[0], { "Content-Type": "application/json" }).end(JSON.stringify(said[1]));
  });
  server.keepAliveTimeout = 5000;
  server.listen(Number(port), "0.0.0.0");
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close(() => process.exit(0)));
  return server;
}
