#!/usr/bin/env bash
# Runs one MinIO for a test, a single drive, as engine.sh says. MINIO_BIN names the
# program. It has a key of its own for server-side encryption, and asks nothing of the
# network.
set -euo pipefail
source "$(dirname "$0")/engine.sh"

minio=${MINIO_BIN:?MINIO_BIN must name the minio program}
bucket=casier-minio
access_key=$(random_hex 10)
secret_key=$(random_hex 20)
encryption_key=$(head -c 32 /dev/urandom | base64 -w 0)

launch() {
  s3_port=$(free_port)
  rm -rf "$folder/data"
  # A folder of the drive that is there before the start is a bucket.
  mkdir -p "$folder/data/$bucket"
  MINIO_ROOT_USER=$access_key MINIO_ROOT_PASSWORD=$secret_key \
    MINIO_KMS_SECRET_KEY=casier:$encryption_key \
    MINIO_BROWSER=off MINIO_UPDATE=off MINIO_PROMETHEUS_AUTH_TYPE=public \
    "$minio" server --quiet --config-dir "$folder/config" --address "127.0.0.1:$s3_port" \
    "$folder/data" >"$folder/log" 2>&1 </dev/null &
  pid=$!
}

# From its own counters, which know of parts as well.
objects_put() {
  local line count=0
  exec 3<>"/dev/tcp/127.0.0.1/$s3_port"
  printf 'GET /minio/v2/metrics/cluster HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
  while IFS= read -r line; do
    [[ $line == 'minio_s3_requests_total{'*'api="putobject"'* ]] && count=$((count + ${line##* }))
  done <&3
  echo "$count"
}

engine minio
start_engine launch
version=$("$minio" --version | sed -n '1s/.*DEVELOPMENT\.\([0-9-]*\)T.*/\1/p')
cat <<ENVIRONMENT
# MinIO of $version, one drive, process $pid, in $folder
CASIER_STORE=MinIO $version
S3_ENDPOINT_URL=http://127.0.0.1:$s3_port
S3_BUCKET_NAME=$bucket
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_REGION=us-east-1
S3_GRANT_ROLE_ARN=arn:aws:iam::000000000000:role/any
STS_ENDPOINT_URL=http://127.0.0.1:$s3_port
ENVIRONMENT
serve
