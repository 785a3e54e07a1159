// Before traffic: the tables as this version needs them.
import pg from "pg";
import { database, value } from "./settings.js";

const migrator = { username: "lms_migrator", password: value("DB_LMS_MIGRATOR_PASSWORD") };
const client = new pg.Client(database(migrator));
await client.connect();
await client.query("create table if not exists course (id serial primary key, title text not null unique)");
await client.query("insert into course (title) values ('Sailing'), ('Knots') on conflict do nothing");
await client.end();
console.log("courses are there");
