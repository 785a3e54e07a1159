#!/bin/sh
# server FOLDER [--address HOST:PORT] [--certs-dir FOLDER]: the user and the password are MinIO's variables, or files that they name.
set -eu

value() {
    eval "value=\${$1:-} file=\${${1}_FILE:-}"
    if [ -n "$file" ]; then cat "$file"; else printf %s "${value:-$2}"; fi
}

[ "${1:-}" != minio ] || shift # as MinIO's own script
[ "${1:-}" = server ] || exec "$@"
folder=${2:-/data}
address=:9000
certificates=
shift 2
while [ $# -gt 0 ]; do
    case $1 in
        --address) address=$2; shift ;;
        --address=*) address=${1#*=} ;;
        --certs-dir) certificates=$2; shift ;;
        *) echo "left out: $1" >&2 ;;
    esac
    shift
done
# not an argument: everyone on the machine could read it. Quoted as in CSV, else the comma would part it.
pair=$(value MINIO_ROOT_USER minioadmin),$(value MINIO_ROOT_PASSWORD minioadmin)
RCLONE_AUTH_KEY=\"$(printf %s "$pair" | sed 's/"/""/g')\"
export RCLONE_AUTH_KEY RCLONE_CONFIG=/dev/null
if [ -n "$certificates" ]; then
    exec rclone serve s3 --addr "$address" --cert "$certificates/public.crt" --key "$certificates/private.key" \
        --cache-dir /tmp/rclone "$folder"
fi
exec rclone serve s3 --addr "$address" --cache-dir /tmp/rclone "$folder"
