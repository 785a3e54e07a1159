// For PostgREST: GET /TABLE, as whoever the token names. By its variables.
import { pool, serve } from "./serving.js";
import { claims } from "./tokens.js";

const env = process.env;
const database = pool(env.PGRST_DB_URI, Number(env.PGRST_DB_POOL ?? 3));

async function rows(table, who) {
  const client = await database.connect();
  try {
    await client.query("begin read only");
    await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(who)]);
    return (await client.query(`select * from public.${client.escapeIdentifier(table)}`)).rows;
  } finally {
    await client.query("rollback").catch(() => {});
    client.release();
  }
}

serve(env.PGRST_SERVER_PORT ?? 3000, async (request) => {
  const table = request.url.slice(1);
  if (request.method !== "GET" || !/^[a-z_]+$/.test(table)) return [404, { message: "there is no such table" }];
  const header = request.headers.authorization;
  const who = header ? claims(header.replace(/^Bearer /, ""), env.PGRST_JWT_SECRET) : { role: env.PGRST_DB_ANON_ROLE };
  return who ? [200, await rows(table, who)] : [401, { message: "JWT invalid" }];
});
