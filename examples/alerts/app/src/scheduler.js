// What is due goes to the queue; what was in it for half a minute and never got through goes there again.
import { forever, pool, redis } from "./parts.js";

const database = pool();
const queue = await redis();

await forever(async () => {
  const { rows } = await database.query(`
    update alerts set queued = now() where id in (
      select id from alerts
      where due <= now() and delivered is null and (queued is null or queued < now() - interval '30 seconds')
      order by id limit 1000 for update skip locked
    ) returning id`);
  if (rows.length) await queue.lPush("due", rows.map(({ id }) => String(id)));
  await new Promise((resolve) => setTimeout(resolve, 500));
});
