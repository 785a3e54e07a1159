#!/bin/bash
# The usual hand-made blue-green deployment: start the idle slot, wait until it is healthy, point nginx to it, reload,
# wait a little, stop the other slot. Called as: deploy.sh FOLDER APP_FOLDER COMMAND VERSION BLUE1 BLUE2 GREEN1 GREEN2
set -euo pipefail
folder=$1 app=$2 command=$3 version=$4; blue="$5 $6" green="$7 $8"
drain=5

live=$(cat "$folder/live" 2>/dev/null || echo green)
if [ "$live" = green ]; then next=blue ports=$blue; else next=green ports=$green; fi

: > "$folder/$next.pids"
for port in $ports; do
  cd "$app"
  # shellcheck disable=SC2086 # the command is several words
  VERSION=$version setsid ${command//'${PORT}'/$port} >> "$folder/$next.log" 2>&1 < /dev/null &
  echo $! >> "$folder/$next.pids"
done

for port in $ports; do
  for _ in $(seq 300); do
    curl -fsS -o /dev/null "http://127.0.0.1:$port/health" 2> /dev/null && break
    sleep 0.2
  done
  curl -fsS -o /dev/null "http://127.0.0.1:$port/health"
done

{
  echo "upstream app {"
  for port in $ports; do echo "  server 127.0.0.1:$port;"; done
  echo "  keepalive 32;"
  echo "}"
} > "$folder/upstream.conf.new"
mv "$folder/upstream.conf.new" "$folder/upstream.conf"
if [ -s "$folder/nginx.pid" ]; then
  nginx -p "$folder" -c "$folder/nginx.conf" -t -q
  nginx -p "$folder" -c "$folder/nginx.conf" -s reload 2>> "$folder/reload.log"
else
  nginx -p "$folder" -c "$folder/nginx.conf"
fi
echo "$next" > "$folder/live"

if [ -s "$folder/$live.pids" ]; then
  sleep "$drain"
  xargs -r kill -TERM < "$folder/$live.pids" || true
  for pid in $(cat "$folder/$live.pids"); do
    for _ in $(seq 300); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2> /dev/null || true
  done
  : > "$folder/$live.pids"
fi
