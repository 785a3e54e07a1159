#!/bin/bash
# deploy.sh with containers: start the idle slot, wait until it is healthy, point nginx to it, reload, wait a little, stop
# the other slot. Called as: containers.sh FOLDER NAME IMAGE COMMAND VERSION BLUE1 BLUE2 GREEN1 GREEN2
set -euo pipefail
folder=$1 name=$2 image=$3 command=$4 version=$5; blue="$6 $7" green="$8 $9"
drain=5

live=$(cat "$folder/live" 2>/dev/null || echo green)
if [ "$live" = green ]; then next=blue ports=$blue old=$green; else next=green ports=$green old=$blue; fi

for port in $ports; do
  # shellcheck disable=SC2086 # the command is several words
  docker run -d --init --name "$name-$port" -p "127.0.0.1:$port:8000" -e "VERSION=$version" "$image" $command > /dev/null
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

if [ -s "$folder/live" ]; then
  sleep "$drain"
  for port in $old; do docker stop -t 30 "$name-$port" > /dev/null & done
  wait
  for port in $old; do docker rm "$name-$port" > /dev/null; done
fi
echo "$next" > "$folder/live"
