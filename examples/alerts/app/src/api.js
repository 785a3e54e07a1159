// Alerts in: each is put into the database, and the scheduler takes it from there. And everybody's own alerts out.
import Fastify from "fastify";
import { pool, redis, who } from "./parts.js";

const database = pool();
const queue = await redis();
const app = Fastify({ logger: false, keepAliveTimeout: 5000 });

async function ready(_, reply) {
  try {
    await Promise.all([database.query("select 1"), queue.ping()]);
    return { status: "ready" };
  } catch (error) {
    return reply.code(503).send({ status: "not ready", why: error.code ?? error.name });
  }
}

for (const base of ["", "/api"]) {
  app.get(`${base}/health/live`, async () => ({ status: "live" }));
  app.get(`${base}/health/ready`, ready);
}

app.addHook("preHandler", async (request, reply) => {
  if (request.url.includes("/health/")) return;
  request.who = who(request.headers.authorization);
  if (!request.who) return reply.code(401).send({ error: "no valid token" });
});

app.post("/api/alerts", async (request, reply) => {
  const { recipients, text, after = 0 } = request.body;
  const { rows } = await database.query(
    "insert into alerts (recipient, text, due) select r, $2, now() + make_interval(secs => $3) from unnest($1::uuid[]) r returning id",
    [recipients, text, after],
  );
  return reply.code(201).send({ ids: rows.map(({ id }) => id) });
});

// As the user: the database itself leaves out what is not theirs.
app.get("/api/alerts", async (request) => {
  const client = await database.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('app.service', 'off', true), set_config('request.jwt.claims', $1, true)", [
      JSON.stringify(request.who),
    ]);
    const { rows } = await client.query("select id, text, delivered is not null as delivered from alerts order by id");
    return { alerts: rows };
  } finally {
    await client.query("rollback").catch(() => {});
    client.release();
  }
});

await app.listen({ host: "0.0.0.0", port: Number(process.env.PORT ?? 8080) });
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    await app.close();
    process.exit(0);
  });
}
