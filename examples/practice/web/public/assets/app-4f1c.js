const list = document.querySelector("#documents");
for (const one of await (await fetch("/api/documents")).json()) {
  const item = document.createElement("li");
  item.textContent = `${one.name}, ${one.size} bytes${one.indexed ? "" : ", not indexed yet"}`;
  list.append(item);
}
