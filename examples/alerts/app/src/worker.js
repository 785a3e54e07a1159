// From the queue to the recipient, who is told over whatever WebSocket they have open.
import { forever, pool, redis } from "./parts.js";

const database = pool();
const queue = await redis();

await forever(async () => {
  const next = await queue.brPop("due", 1);
  if (!next) return;
  const { rows } = await database.query("select id, recipient, text from alerts where id = $1 and delivered is null", [next.element]);
  for (const { id, recipient, text } of rows) {
    await queue.publish(`alerts.${recipient}`, JSON.stringify({ id, text }));
    await database.query("update alerts set delivered = now() where id = $1", [id]);
  }
});
